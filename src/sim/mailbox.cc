#include "sim/mailbox.h"

#include <algorithm>

#include "core/problem.h"
#include "core/text.h"
#include "html/format.h"
#include "html/html.h"
#include "sim/local.h"

namespace sim {
namespace {

constexpr std::size_t kMostShown = 200;
constexpr std::size_t kMostLinks = 20;

std::string all_of(const std::vector<std::string>& addresses) {
  std::string out;
  for (const std::string& one : addresses) out += (out.empty() ? "" : ", ") + one;
  return out;
}

void write(core::JsonWriter& w, const Captured& mail) {
  w.begin().field("id", mail.id).field("from", mail.from).field("to", all_of(mail.to)).field("subject", mail.subject);
  w.field("text", mail.text).field("html", mail.html).field("created_at", mail.created_at);
  w.field("idempotency_key", mail.key).end();
}

html::Data row_of(const Captured& mail) {
  html::Data row;
  row.set("id", mail.id).set("to", all_of(mail.to)).set("subject", mail.subject);
  if (const auto at = core::parse_rfc3339(mail.created_at)) row.set("created", html::when(*at));
  return row;
}

bool wants_json(const http::Request& rq) { return rq.query("format") == "json" || !rq.wants_html(); }

// The links of the text part: not every browser lets links leave a sandboxed frame.
html::Rows links_of(std::string_view text) {
  html::Rows rows;
  for (std::size_t at = 0; at < text.size() && rows.size() < kMostLinks;) {
    const std::size_t start = std::min(text.find("http://", at), text.find("https://", at));
    if (start == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n<>\"", start), text.size());
    rows.push_back(html::Data{}.set("url", std::string{text.substr(start, end - start)}));
    at = end;
  }
  return rows;
}

html::Rows headers_of(const Captured& mail) {
  html::Rows rows;
  const auto add = [&](std::string name, std::string value) {
    if (!value.empty()) rows.push_back(html::Data{}.set("name", std::move(name)).set("value", std::move(value)));
  };
  add("From", mail.from);
  add("To", all_of(mail.to));
  add("Subject", mail.subject);
  add("Idempotency-Key", mail.key);
  for (const auto& [name, value] : mail.payload["headers"].members()) add(name, value.string_or(""));
  for (const core::Json& tag : mail.payload["tags"].elements())
    add("Tag", tag["name"].string_or("") + " = " + tag["value"].string_or(""));
  return rows;
}

Mail found(const Inbox& inbox, const http::Request& rq) {
  Mail mail = inbox.find(rq.param("id"));
  if (!mail) http::throw_not_found();
  return mail;
}

}  // namespace

http::Response list(const Inbox& inbox, const http::Request& rq) {
  const auto mails = inbox.newest(rq.query("to").value_or(""), kMostShown);
  if (wants_json(rq)) {
    core::JsonWriter w;
    w.begin_array();
    for (const Mail& mail : mails) write(w, *mail);
    return http::json(w.end_array().take());
  }
  html::Rows rows;
  for (const Mail& mail : mails) rows.push_back(row_of(*mail));
  html::Data data;
  data.set("title", "sim.mail.title").set("mails", std::move(rows));
  return html::page(rq, "sim/inbox", data);
}

http::Response one(const Inbox& inbox, const http::Request& rq) {
  const Mail mail = found(inbox, rq);
  if (wants_json(rq)) {
    core::JsonWriter w;
    write(w, *mail);
    return http::json(w.take());
  }
  html::Data data = row_of(*mail);
  data.set("title", mail->subject).set("headers", headers_of(*mail)).set("text", mail->text);
  data.set("links", links_of(mail->text)).set("has_html", !mail->html.empty());
  http::Response page = html::page(rq, "sim/mail", data);
  page.headers.set(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'nonce-" + rq.csp_nonce +
          "' 'strict-dynamic'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
          "manifest-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
  return page;
}

http::Response html_part(const Inbox& inbox, const http::Request& rq) {
  const Mail mail = found(inbox, rq);
  http::Response out;
  out.headers.set("Content-Type", "text/html; charset=utf-8");
  out.headers.set("Cache-Control", "no-store");
  out.headers.set("Content-Security-Policy",
                  "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
                  "img-src data:; frame-ancestors 'self'");
  out.body = "<base target=\"_blank\">" + mail->html;
  return out;
}

http::Response clear(Inbox& inbox, const http::Request& rq) {
  if (!is_own_page(rq)) throw core::Problem(403, "forbidden", html::text("en", "sim.mail.foreign"));
  inbox.clear();
  if (rq.method == http::Method::post && rq.wants_html()) return http::redirect("/dev/mail");
  return http::empty();
}

}  // namespace sim
