#include "html/look.h"

#include <algorithm>

#include "core/text.h"
#include "html/texts.h"

namespace html {
namespace {

constexpr std::string_view kCookie = "tenon_look";  // theme~locale~zone

bool is_theme(std::string_view text) { return text == "light" || text == "dark"; }

bool is_zone(std::string_view text) {
  return text.size() <= 64 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
                  c == '-' || c == '+';
         });
}

Look checked(Look look) {
  if (!is_theme(look.theme)) look.theme.clear();
  if (!texts()->has_locale(look.locale)) look.locale.clear();
  if (!is_zone(look.time_zone)) look.time_zone.clear();
  return look;
}

}  // namespace

Look look_of(const http::Request& rq) {
  const std::string value = rq.cookie(kCookie).value_or("");
  const auto parts = core::split(value, '~');
  if (parts.size() != 3) return {};
  return checked({std::string{parts[0]}, std::string{parts[1]}, std::string{parts[2]}});
}

std::string look_cookie(const http::Request& rq, const Look& look) {
  const Look safe = checked(look);
  std::string cookie = std::string{kCookie} + "=" + safe.theme + "~" + safe.locale + "~" + safe.time_zone;
  cookie += "; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly";
  if (rq.https) cookie += "; Secure";
  return cookie;
}

bool speaks(std::string_view locale) { return texts()->has_locale(locale); }

Rows languages(std::string_view selected) {
  Rows rows;
  for (const std::string& locale : texts()->locales())
    rows.push_back(
        Data{}.set("value", locale).set("label", text(locale, "html.language")).set("selected", locale == selected));
  return rows;
}

}  // namespace html
