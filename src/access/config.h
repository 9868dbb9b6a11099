// Settings of access. Part of the interface in guard.h.
#pragma once

#include <string>
#include <vector>

#include "core/env.h"

namespace access_control {

struct Config {
  core::Secret secret;                             // JWT_SECRET: CSRF tokens are keyed with it
  core::Secret notify_secret;                      // INTERNAL_NOTIFY_SECRET; when absent every internal call is refused
  std::string site_url = "http://localhost:3000";  // APP_BASE_URL: the origin that forms are accepted from
  std::string api_url = "http://localhost:3000";   // SUPABASE_URL, else APP_BASE_URL: names the session cookie
  std::vector<std::string> redirects;              // AUTH_REDIRECT_URLS: globs, comma separated
  bool browser_cookie = false;                     // AUTH_BROWSER_COOKIE: scripts may read the session cookie

  // `secret` is identity's, which generates one when JWT_SECRET is absent in development.
  static Config from(core::Env& env, core::Secret secret);
  std::string cookie_name() const;  // sb-<first label of api_url's host>-auth-token
  bool secure() const;              // the site uses https: Secure cookies with the __Host- prefix
};

}  // namespace access_control
