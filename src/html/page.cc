#include "html/html.h"
#include "html/messages.h"

#include <array>

#include "core/ids.h"
#include "core/text.h"
#include "html/banner.h"
#include "html/display_preferences.h"
#include "html/files.h"
#include "html/format.h"
#include "html/site_config.h"
#include "html/template.h"
#include "html/texts.h"
#include "http/static_files.h"

namespace html {
namespace {

constexpr std::string_view kErrorView = "html/error";

const std::string* text_member(const Data& data, std::string_view name) {
  const auto found = data.members().find(name);
  return found == data.members().end() ? nullptr : std::get_if<std::string>(&found->second);
}

std::string filled_text(std::string_view locale, std::string_view key, const Data& data) {
  const std::string* sentence = texts()->find(locale, key);
  if (sentence == nullptr) return std::string{key};
  return fill(*sentence, [&](std::string_view name) -> std::optional<std::string> {
    const std::string* value = text_member(data, name);
    return value == nullptr ? std::nullopt : std::optional{*value};
  });
}

bool is_key(std::string_view text) {
  if (text.empty() || text.size() > 80) return false;
  for (const char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.')) return false;
  return true;
}

// `?notice=projects.deleted` is the text projects.notice.deleted; without such a text nothing is shown.
std::string message_after_redirect(const http::Request& rq, std::string_view kind, std::string_view locale) {
  const auto value = rq.query(kind);
  if (!value || !is_key(*value)) return {};
  const std::size_t dot = value->find('.');
  if (dot == std::string_view::npos) return {};
  std::string key{value->substr(0, dot)};
  key.append(".").append(kind).append(value->substr(dot));
  const std::string* sentence = texts()->find(locale, key);
  return sentence == nullptr ? std::string{} : *sentence;
}

Rows navigation(const http::Request& rq, std::string_view locale, const std::vector<NavLink>& links) {
  const NavLink* current = nullptr;
  for (const NavLink& link : links)
    if (core::is_below(rq.path, link.url) && (current == nullptr || link.url.size() > current->url.size()))
      current = &link;
  Rows rows;
  for (const NavLink& link : links)
    rows.push_back(Data{}
                       .set("url", link.url)
                       .set("label", text(locale, link.text))
                       .set("icon", link.icon)
                       .set("current", &link == current));
  return rows;
}

Data assets() {
  Data urls;
  static constexpr std::array<std::pair<const char*, const char*>, 9> kFiles{{{"css_url", "app.css"},
                                                                              {"tokens_url", "tokens.css"},
                                                                              {"social_url", "social.png"},
                                                                              {"icon_url", "favicon.svg"},
                                                                              {"touch_url", "touch.png"},
                                                                              {"app_url", "app.js"},
                                                                              {"morph_url", "vendor/idiomorph.min.js"},
                                                                              {"live_url", "live.js"},
                                                                              {"upload_url", "upload.js"}}};
  for (const auto& [name, file] : kFiles) urls.set(name, http::static_url(file));
  return urls;
}

// The day is a <time> within the banner's sentence.
Rows banner_rows(const http::Request& rq, std::string_view locale) {
  static constexpr std::string_view kDay = "{day}";
  Rows rows;
  for (const Banner& banner : banners(rq)) {
    const std::string sentence = text(locale, banner.text);
    const std::size_t at = sentence.find(kDay);
    Data row;
    row.set("kind", banner.kind).set("before", sentence.substr(0, at));
    row.set("rest", at == std::string::npos ? "" : sentence.substr(at + kDay.size()));
    if (at != std::string::npos && banner.day)
      row.set("day", Data{}.set("iso", core::rfc3339(*banner.day).substr(0, 10)).set("text", day(*banner.day, locale)));
    row.set("url", banner.url).set("action", banner.action.empty() ? "" : text(locale, banner.action));
    rows.push_back(std::move(row));
  }
  return rows;
}

// For <meta name="theme-color">: the page's background, `--ground: light-dark(A, B)` of tokens.css.
struct Ground {
  std::string light, dark;
};

Ground ground_of(std::string_view tokens) {
  constexpr std::string_view kGround = "--ground: light-dark(";
  const std::size_t at = tokens.find(kGround);
  if (at == std::string_view::npos) return {};
  const std::string_view pair = tokens.substr(at + kGround.size(), tokens.find(");", at) - at - kGround.size());
  const std::size_t comma = pair.find("), ");
  if (comma == std::string_view::npos) return {};
  return {std::string{pair.substr(0, comma + 1)}, std::string{pair.substr(comma + 3)}};
}

Ground ground() {
  const auto read = [] { return ground_of(source_file("public/tokens.css").value_or("")); };
  static const Ground built = read();
  return config().source_dir.empty() ? built : read();
}

Data page_data(const http::Request& rq, std::string_view locale) {
  Data page;
  page.set("nonce", rq.csp_nonce).set("csrf", rq.csrf_token).set("lang", std::string{locale});
  page.set("dir", text(locale, "html.dir")).set("locale", text(locale, "html.og_locale"));
  page.set("request_id", rq.request_id).set("path", rq.path);
  const DisplayPreferences look = display_preferences(rq);
  page.set("theme", look.theme).set("zone", look.time_zone);
  const bool app = rq.caller.signed_in() && (core::is_below(rq.path, "/app") || core::is_below(rq.path, "/admin"));
  page.set("app", app).set("events_url", app ? config().events_url : "");
  page.set("origin", config().base_url);
  const Ground colours = ground();
  page.set("frame_light", colours.light).set("frame_dark", colours.dark);
  page.set("signed_in", rq.caller.signed_in()).set("email", rq.caller.email);
  page.set("home_url", rq.caller.signed_in() ? "/app" : "/");
  page.set("brand", text(locale, "html.brand"));
  return page;
}

std::string member_text(std::string_view locale, std::string_view name, const Data& data) {
  const std::string* value = text_member(data, name);
  return value == nullptr ? std::string{} : filled_text(locale, *value, data);
}

// The state comes first: a narrow tab and a screen reader show the beginning of a title.
std::string tab_title(std::string_view locale, std::string_view state, std::string_view title, bool refused) {
  std::string whole{title};
  if (!state.empty() && !title.empty()) whole.insert(0, std::string{state}.append(" · "));
  return refused && !whole.empty() ? text(locale, "html.title.error", {{"title", whole}}) : whole;
}

}  // namespace

http::Response page(const http::Request& rq, std::string_view view, Data data, int status) {
  const std::string locale = locale_of(rq);
  Data outer = page_data(rq, locale);
  const std::string title = member_text(locale, "title", data);
  const std::string state = member_text(locale, "title_state", data);
  const std::string problem = message_after_redirect(rq, "problem", locale);
  const bool refused = (status >= 400 && view != kErrorView) || !problem.empty();
  outer.set("page_title", title).set("tab_title", tab_title(locale, state, title, refused));
  outer.set("page_description", member_text(locale, "description", data));
  outer.set("notice", message_after_redirect(rq, "notice", locale)).set("problem", problem);
  outer.set("banners", banner_rows(rq, locale));
  outer.set("assets", assets());
  outer.set("nav", rq.caller.signed_in() ? navigation(rq, locale, config().navigation) : Rows{});
  if (core::is_below(rq.path, "/app/settings")) outer.set("settings", navigation(rq, locale, config().settings));
  http::Response response;
  response.status = status;
  response.headers.set("Content-Type", "text/html; charset=utf-8");
  response.headers.set("Content-Language", locale);
  // Every page carries its visitor's CSRF token, so no shared cache may store it.
  response.headers.set("Cache-Control", rq.caller.signed_in() ? "no-store" : "private, no-cache");
  response.headers.add("Vary", "Accept-Language, Cookie");
  response.body = render_view(view, Layout::page, locale, outer, data);
  return response;
}

std::string render(std::string_view view_file, std::string_view locale, Data data) {
  Data outer;
  outer.set("lang", std::string{locale}).set("brand", text(locale, "html.brand"));
  return render_view(view_file, Layout::none, locale, outer, data);
}

}  // namespace html
