#include "access/config.h"

#include "core/text.h"

namespace access_control {
namespace {

std::string host_of(std::string_view origin) {
  const auto scheme = origin.find("://");
  const std::string_view rest = scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
  return std::string(rest.substr(0, rest.find_first_of(":/?#")));
}

}  // namespace

Config Config::from(core::Env& env, core::Secret secret) {
  Config config;
  config.secret = std::move(secret);
  config.notify_secret = env.required_secret("INTERNAL_NOTIFY_SECRET");
  config.site_url = env.url("APP_BASE_URL", "http://localhost:3000");
  config.api_url = env.url("SUPABASE_URL", config.site_url);
  const std::string redirects = env.text("AUTH_REDIRECT_URLS");
  for (const std::string_view part : core::split(redirects, ','))
    if (const auto pattern = core::trim(part); !pattern.empty()) config.redirects.emplace_back(pattern);
  config.browser_cookie = env.flag("AUTH_BROWSER_COOKIE", false);
  return config;
}

std::string Config::cookie_name() const {
  const std::string host = host_of(api_url);
  return "sb-" + host.substr(0, host.find('.')) + "-auth-token";
}

bool Config::secure() const { return site_url.starts_with("https://"); }

}  // namespace access_control
