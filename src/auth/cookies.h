// The session cookie, value and chunks as @supabase/ssr keeps them (spec/supabase-auth.md 8), and the visitor's cookie
// that CSRF tokens hang on before anyone is signed in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/auth.h"

namespace auth {

inline constexpr std::size_t kChunk = 3180;
inline constexpr int kMostChunks = 10;

struct CookieSession {
  std::string access_token;
  std::string refresh_token;
};
// What the browser sent, unjudged.
std::optional<CookieSession> read_session(const Config& config, const http::Request& rq);
bool sends_session(const Config& config, const http::Request& rq);

// Set-Cookie values that remove every chunk that the browser sent.
std::vector<std::string> clear_session(const Config& config, const http::Request& rq);

std::optional<std::string> read_visitor(const Config& config, const http::Request& rq);
std::string visitor_cookie(const Config& config, const http::Request& rq, std::string_view value);

}  // namespace auth
