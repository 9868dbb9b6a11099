// Problems as pages and as the error objects of /api.
#include <array>

#include "core/json.h"
#include "core/text.h"
#include "html/format.h"
#include "html/html.h"
#include "html/messages.h"

namespace html {
namespace {

// The page has words of its own for an unknown address and for errors of ours. Below 500 the problem is more precise;
// above only a sentence that a module has written for people, such as a full disk: others could reveal internals.
std::string sentence_of(const core::Problem& problem, std::string_view locale) {
  if (problem.status == 404 || problem.status == 405) return {};
  if (problem.status < 500) return message(locale, problem);
  if (problem.status != 503 && problem.status != 507) return {};
  return problem.text_key.starts_with("http.") ? "" : message(locale, problem);
}

// The path of the page that sent the form, by Referer; empty when it is unknown or of another site.
std::string page_before(const http::Request& rq) {
  std::string_view from = rq.header("referer");
  for (const std::string& part : {std::string{rq.https ? "https://" : "http://"}, std::string{rq.header("host")}}) {
    if (part.empty() || !from.starts_with(part)) return {};
    from.remove_prefix(part.size());
  }
  const bool ours = from.starts_with('/') && !from.starts_with("//") && !from.starts_with("/\\");
  return ours ? std::string{from} : std::string{};
}

}  // namespace

http::Response error_page(const http::Request& rq, const core::Problem& problem) {
  static constexpr std::array<int, 7> kKnown{400, 403, 404, 405, 429, 500, 503};
  int known = problem.status >= 500 ? 500 : 400;
  for (const int status : kKnown)
    if (status == problem.status) known = status;
  if (problem.status == 507) known = 503;  // a full disk is as temporary as an outage
  const std::string locale = locale_of(rq);
  const std::string key = "html.error." + std::to_string(known);
  Data data;
  data.set("title", key + ".title").set("heading", text(locale, key + ".title"));
  data.set("title_state", "html.error.number").set("status", std::to_string(problem.status)).set("narrow", true);
  data.set("why", text(locale, key + ".why")).set("sentence", sentence_of(problem, locale));
  if (const auto seconds = retry_after(problem))
    data.set("retry_after", text(locale, "html.error.retry_after", {{"wait", wait(*seconds, locale)}}));
  // A link is a GET: a form can only be sent again from its own page.
  const bool again = problem.status == 429 || problem.status >= 500;
  const bool read = http::is_get_or_head(rq.method);
  data.set("retry", again && read).set("back", again && !read ? page_before(rq) : "");
  data.set("anew", problem.status == 400 && read && !rq.queries.empty());  // the same page without its query
  data.set("show_id", problem.status >= 500 && !rq.request_id.empty());
  http::Response response = page(rq, "html/error", std::move(data), problem.status);
  for (const auto& [name, value] : problem.headers) response.headers.set(name, value);
  return response;
}

http::Response api_error(const http::Request& rq, const core::Problem& problem) {
  core::JsonWriter body;
  body.begin().field("error", message(locale_of(rq), problem)).field("code", problem.code);
  body.field("request_id", rq.request_id).end();
  http::Response response = http::json(body.take(), problem.status);
  for (const auto& [name, value] : problem.headers) response.headers.set(name, value);
  response.headers.add("Vary", "Accept-Language, Cookie");
  return response;
}

http::Response error_response(const http::Request& rq, const core::Problem& problem) {
  return rq.wants_html() ? error_page(rq, problem) : api_error(rq, problem);
}

}  // namespace html
