// The session cookie in the format and chunks of @supabase/ssr (docs/spec/supabase-auth.md 8), and the visitor cookie
// that CSRF tokens are bound to before anyone is signed in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/config.h"
#include "http/request.h"

namespace access_control {

inline constexpr std::size_t kChunk = 3180;
inline constexpr int kMaxChunks = 10;

struct CookieSession {
  std::string access_token;
  std::string refresh_token;
};
// The session in the request's cookies, not verified.
std::optional<CookieSession> read_session(const Config& config, const http::Request& rq);
bool sends_session(const Config& config, const http::Request& rq);

// Set-Cookie values that give a browser the session, `session_json` being GoTrue's session object.
std::vector<std::string> session_cookies(const Config& config, const http::Request& rq, std::string_view session_json);
// Set-Cookie values that remove every chunk that the browser sent.
std::vector<std::string> clear_session(const Config& config, const http::Request& rq);

std::optional<std::string> read_visitor(const Config& config, const http::Request& rq);
std::string visitor_cookie(const Config& config, const http::Request& rq, std::string_view value);

}  // namespace access_control
