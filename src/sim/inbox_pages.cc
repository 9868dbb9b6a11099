#include "sim/inbox_pages.h"

#include <algorithm>

#include "core/problem.h"
#include "core/text.h"
#include "html/format.h"
#include "html/html.h"
#include "sim/loopback.h"

namespace sim {
namespace {

constexpr std::size_t kMaxShown = 200;
constexpr std::size_t kMaxLinks = 20;

std::string joined(const std::vector<std::string>& addresses) {
  std::string out;
  for (const std::string& one : addresses) out += (out.empty() ? "" : ", ") + one;
  return out;
}

void write(core::JsonWriter& w, const CapturedEmail& email) {
  w.begin()
      .field("id", email.id)
      .field("from", email.from)
      .field("to", joined(email.to))
      .field("subject", email.subject);
  w.field("text", email.text).field("html", email.html).field("created_at", email.created_at);
  w.field("idempotency_key", email.key).end();
}

html::Data row_of(const CapturedEmail& email) {
  html::Data row;
  row.set("id", email.id).set("to", joined(email.to)).set("subject", email.subject);
  if (const auto at = core::parse_rfc3339(email.created_at)) row.set("created", html::when(*at));
  return row;
}

bool wants_json(const http::Request& rq) { return rq.query("format") == "json" || !rq.wants_html(); }

// The links of the text part. Not every browser lets a sandboxed frame open its own links.
html::Rows links_of(std::string_view text) {
  html::Rows rows;
  for (std::size_t at = 0; at < text.size() && rows.size() < kMaxLinks;) {
    const std::size_t start = std::min(text.find("http://", at), text.find("https://", at));
    if (start == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n<>\"", start), text.size());
    rows.push_back(html::Data{}.set("url", std::string{text.substr(start, end - start)}));
    at = end;
  }
  return rows;
}

html::Rows headers_of(const CapturedEmail& email) {
  html::Rows rows;
  const auto add = [&](std::string name, std::string value) {
    if (!value.empty()) rows.push_back(html::Data{}.set("name", std::move(name)).set("value", std::move(value)));
  };
  add("From", email.from);
  add("To", joined(email.to));
  add("Subject", email.subject);
  add("Idempotency-Key", email.key);
  for (const auto& [name, value] : email.payload["headers"].members()) add(name, value.string_or(""));
  for (const core::Json& tag : email.payload["tags"].elements())
    add("Tag", tag["name"].string_or("") + " = " + tag["value"].string_or(""));
  return rows;
}

Email found(const Inbox& inbox, const http::Request& rq) {
  Email email = inbox.find(rq.param("id"));
  if (!email) http::throw_not_found();
  return email;
}

}  // namespace

http::Response list(const Inbox& inbox, const http::Request& rq) {
  const auto emails = inbox.newest(rq.query("to").value_or(""), kMaxShown);
  if (wants_json(rq)) {
    core::JsonWriter w;
    w.begin_array();
    for (const Email& email : emails) write(w, *email);
    return http::json(w.end_array().take());
  }
  html::Rows rows;
  for (const Email& email : emails) rows.push_back(row_of(*email));
  html::Data data;
  data.set("title", "sim.inbox.title").set("emails", std::move(rows));
  return html::page(rq, "sim/inbox", data);
}

http::Response one(const Inbox& inbox, const http::Request& rq) {
  const Email email = found(inbox, rq);
  if (wants_json(rq)) {
    core::JsonWriter w;
    write(w, *email);
    return http::json(w.take());
  }
  html::Data data = row_of(*email);
  data.set("title", email->subject).set("headers", headers_of(*email)).set("text", email->text);
  data.set("links", links_of(email->text)).set("has_html", !email->html.empty());
  http::Response page = html::page(rq, "sim/email", data);
  page.headers.set(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'nonce-" + rq.csp_nonce +
          "' 'strict-dynamic'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
          "manifest-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
  return page;
}

http::Response html_part(const Inbox& inbox, const http::Request& rq) {
  const Email email = found(inbox, rq);
  http::Response out;
  out.headers.set("Content-Type", "text/html; charset=utf-8");
  out.headers.set("Cache-Control", "no-store");
  out.headers.set("Content-Security-Policy",
                  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
                  "img-src data:; frame-ancestors 'self'");
  out.body = "<base target=\"_blank\">" + email->html;
  return out;
}

http::Response clear(Inbox& inbox, const http::Request& rq) {
  if (!is_same_origin(rq)) throw core::Problem(403, "sim.forbidden.other_site");
  inbox.clear();
  if (rq.method == http::Method::post && rq.wants_html()) return http::redirect("/dev/mail");
  return http::empty();
}

}  // namespace sim
