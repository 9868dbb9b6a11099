// GET and POST /app/settings: name, language, time zone and theme.
#include <algorithm>

#include "account/display_preferences.h"
#include "account/pages.h"
#include "core/text.h"
#include "html/html.h"

namespace account {
namespace {

constexpr std::size_t kLongestName = 100;

bool acceptable(std::string_view name) {
  const bool printable = std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return core::valid_utf8(name) && printable && core::utf8_length(name) <= kLongestName;
}

html::Rows zone_rows(std::string_view selected) {
  html::Rows rows;
  for (const std::string& zone : time_zones()) {
    std::string label = zone;
    std::ranges::replace(label, '_', ' ');
    rows.push_back(html::Data{}.set("value", zone).set("label", std::move(label)).set("selected", zone == selected));
  }
  return rows;
}

html::Rows theme_rows(const std::string& locale, std::string_view selected) {
  html::Rows rows;
  for (const std::string value : {"system", "light", "dark"})
    rows.push_back(html::Data{}
                       .set("value", value)
                       .set("label", html::text(locale, "account.settings.theme." + value))
                       .set("selected", value == selected));
  return rows;
}

http::Response page(const Request& rq, const identity::Profile& profile, std::string error) {
  html::Data data;
  data.set("title", "account.settings.profile").set("narrow", true);
  data.set("display_name", profile.display_name).set("display_name_error", error);
  data.set("languages", html::languages(profile.locale)).set("zones", zone_rows(profile.time_zone));
  data.set("themes", theme_rows(html::locale_of(rq), profile.theme));
  return html::page(rq, "account/profile", std::move(data), error.empty() ? 200 : 422);
}

// A value of the form that is in its list; any other counts as not chosen.
std::string one_of(std::string_view value, bool known, std::string_view otherwise) {
  return std::string{known ? value : otherwise};
}

}  // namespace

Task<Response> profile_page(Account& account, Request& rq) {
  const identity::Profile profile = co_await identity::profile_of(account.identity.db, rq.caller.user);
  co_return page(rq, profile, "");
}

Task<Response> profile_post(Account& account, Request& rq) {
  identity::Profile wanted;
  wanted.display_name = core::trim(rq.form("display_name"));
  const std::string_view locale = rq.form("locale"), zone = rq.form("time_zone"), theme = rq.form("theme");
  wanted.locale = one_of(locale, html::has_locale(locale), "");
  wanted.time_zone = one_of(zone, std::ranges::binary_search(time_zones(), zone), "UTC");
  wanted.theme = one_of(theme, theme == "light" || theme == "dark", "system");
  if (!acceptable(wanted.display_name)) {
    std::string error = html::text(html::locale_of(rq), "account.settings.display_name_long");
    if (!core::valid_utf8(wanted.display_name)) wanted.display_name.clear();
    co_return page(rq, wanted, std::move(error));
  }
  co_await identity::save_profile(account.identity.db, rq.caller.user, wanted, html::asked_locale(rq));
  rq.set_cookies.push_back(html::display_preferences_cookie(rq, display_preferences(wanted)));
  co_return http::redirect("/app/settings?notice=account.profile");
}

}  // namespace account
