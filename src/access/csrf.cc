#include "access/csrf.h"

#include "core/crypto.h"
#include "core/text.h"

namespace access_control {
namespace {

std::string token_for(const Config& config, std::string_view purpose, std::string_view whom) {
  const std::string key = core::hmac_sha256(config.secret.reveal(), "tenon csrf");
  return core::base64url(core::hmac_sha256(key, std::string(purpose) + std::string(whom)));
}

// scheme://host[:port] of a URL; empty when it has none.
std::string_view origin_part(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

bool is_form(const http::Request& rq) {
  const std::string type = core::lower(rq.header("content-type"));
  return type.starts_with("application/x-www-form-urlencoded") || type.starts_with("multipart/form-data");
}

}  // namespace

std::string csrf_token(const Config& config, core::SessionId session) {
  return token_for(config, "session:", session.str());
}
std::string csrf_token(const Config& config, std::string_view visitor) {
  return token_for(config, "visitor:", visitor);
}

bool same_origin(const Config& config, const http::Request& rq) {
  const std::string_view site = rq.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return false;
  std::string_view origin = rq.header("origin");
  if (origin.empty()) origin = origin_part(rq.header("referer"));
  if (origin.empty()) return false;
  if (core::iequals(origin, config.site_url)) return true;
  // The host that the browser addressed: another site can forge neither this Origin nor our Host.
  const std::string here = std::string(rq.https ? "https://" : "http://") + std::string(rq.header("host"));
  return core::iequals(origin, here);
}

Csrf check_csrf(const http::Request& rq, std::string_view expected) {
  if (const auto sent = rq.header("x-csrf-token"); !sent.empty())
    return !expected.empty() && core::equal_constant_time(sent, expected) ? Csrf::good : Csrf::bad;
  if (rq.stream != nullptr) return Csrf::in_body;
  if (!is_form(rq)) return Csrf::bad;
  return !expected.empty() && core::equal_constant_time(rq.form("_csrf"), expected) ? Csrf::good : Csrf::bad;
}

}  // namespace access_control
