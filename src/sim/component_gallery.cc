#include "sim/component_gallery.h"

#include <array>

#include "core/problem.h"
#include "html/format.h"
#include "html/html.h"
#include "http/static_files.h"

namespace sim {
namespace {

html::Rows named(std::initializer_list<const char*> names) {
  html::Rows rows;
  for (const char* name : names) rows.push_back(html::Data{}.set("name", name));
  return rows;
}

html::Rows choices(std::string_view selected) {
  html::Rows rows;
  for (const std::string value : {"Cedar", "Oak", "Ash"})
    rows.push_back(html::Data{}.set("value", value).set("label", value).set("selected", value == selected));
  return rows;
}

html::Rows tabs(std::string_view locale) {
  html::Rows rows;
  for (const std::string key : {"tab1", "tab2"})
    rows.push_back(html::Data{}
                       .set("url", "/dev/ui")
                       .set("label", html::text(locale, "sim.ui." + key))
                       .set("current", key == "tab1"));
  return rows;
}

}  // namespace

http::Response component_gallery(const http::Request& rq) {
  const std::string locale = html::locale_of(rq);
  const core::Time when = *core::parse_rfc3339("2026-11-24T18:12:00Z");
  html::Data data;
  data.set("title", "sim.ui.title").set("wide", true).set("dev_css", http::static_url("dev.css"));
  data.set("colours", named({"sunken", "ground", "raised", "hover", "line", "edge", "ink", "soft", "accent", "tint",
                             "ok", "ok-bg", "busy", "busy-bg", "warn", "warn-bg", "bad", "bad-bg"}));
  data.set("statuses",
           named({"draft", "queued", "processing", "ready", "failed", "cancelled", "ok", "busy", "warn", "bad"}));
  data.set("notices", named({"info", "ok", "warn", "bad"}));
  data.set("woods", choices("Oak")).set("other_woods", choices("")).set("settings", tabs(locale));
  data.set("field_error", html::text(locale, "sim.ui.error")).set("ready", html::text(locale, "sim.ui.ready"));
  data.set("at", html::when(when, locale));
  data.set("chart", html::bars({0, 3, 1, 0, 0, 8, 12, 5, 0, 2, 9, 14, 6, 0, 1, 4, 0, 11, 7, 13}, "20 days of use"));
  return html::page(rq, "sim/ui", std::move(data));
}

http::Response error_sample(const http::Request& rq) {
  const std::string_view asked = rq.param("status");
  for (const int status : {400, 403, 404, 405, 429, 500, 503}) {
    if (asked != std::to_string(status)) continue;
    core::Problem problem(status, "sim.sample");
    if (status == 429 || status == 503) problem.headers.emplace_back("Retry-After", "30");
    return html::error_page(rq, problem);
  }
  http::throw_not_found();
}

}  // namespace sim
