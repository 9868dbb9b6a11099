#include "html/display_preferences.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/crypto.h"
#include "core/text.h"
#include "html/texts.h"

namespace html {
namespace {

constexpr std::string_view kCookie = "tenon_look";  // theme~locale~zone~session
constexpr int kDay = 86400;

bool is_theme(std::string_view text) { return text == "light" || text == "dark"; }

bool is_zone(std::string_view text) {
  return text.size() <= 64 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
                  c == '-' || c == '+';
         });
}

DisplayPreferences checked(DisplayPreferences preferences) {
  if (!is_theme(preferences.theme)) preferences.theme.clear();
  if (!texts()->has_locale(preferences.locale)) preferences.locale.clear();
  if (!is_zone(preferences.time_zone)) preferences.time_zone.clear();
  return preferences;
}

// Identifies the session without revealing its id; empty before sign-in.
std::string session_mark(const http::Request& rq) {
  if (!rq.caller.signed_in()) return {};
  return core::base64url(core::sha256(rq.caller.session.str())).substr(0, 12);
}

std::optional<std::string> sent(const http::Request& rq) {
  const std::string begin = std::string{kCookie} + "=";
  for (const std::string& fresh : rq.set_cookies)
    if (fresh.starts_with(begin)) return fresh.substr(begin.size(), fresh.find(';') - begin.size());
  return rq.cookie(kCookie);
}

// The preferences of a cookie that belongs to the caller's session.
std::optional<DisplayPreferences> kept(const http::Request& rq) {
  const std::string value = sent(rq).value_or("");
  const auto parts = core::split(value, '~');
  if (parts.size() != 4 || (rq.caller.signed_in() && parts[3] != session_mark(rq))) return std::nullopt;
  return checked({std::string{parts[0]}, std::string{parts[1]}, std::string{parts[2]}});
}

std::string cookie(const http::Request& rq, std::string_view value, int age) {
  return fmt::format("{}={}; Path=/; Max-Age={}; SameSite=Lax; HttpOnly{}", kCookie, value, age,
                     rq.https ? "; Secure" : "");
}

}  // namespace

DisplayPreferences display_preferences(const http::Request& rq) { return kept(rq).value_or(DisplayPreferences{}); }

bool lacks_display_preferences(const http::Request& rq) {
  return rq.caller.signed_in() && rq.caller.by_cookie && rq.wants_html() && !kept(rq);
}

std::string display_preferences_cookie(const http::Request& rq, const DisplayPreferences& preferences) {
  const DisplayPreferences safe = checked(preferences);
  return cookie(rq, fmt::format("{}~{}~{}~{}", safe.theme, safe.locale, safe.time_zone, session_mark(rq)), kDay);
}

std::string forget_display_preferences(const http::Request& rq) { return cookie(rq, "", 0); }

bool has_locale(std::string_view locale) { return texts()->has_locale(locale); }

Rows languages(std::string_view selected) {
  Rows rows;
  for (const std::string& locale : texts()->locales())
    rows.push_back(
        Data{}.set("value", locale).set("label", text(locale, "html.language")).set("selected", locale == selected));
  return rows;
}

}  // namespace html
