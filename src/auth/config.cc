#include <sodium.h>

#include <stdexcept>

#include "auth/auth.h"
#include "auth/keys/jwt.h"
#include "auth/oauth/directory.h"
#include "core/crypto.h"
#include "core/log.h"
#include "core/text.h"

namespace auth {
namespace {

std::string host_of(std::string_view origin) {
  const auto scheme = origin.find("://");
  std::string_view rest = scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
  return std::string(rest.substr(0, rest.find_first_of(":/?#")));
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> list;
  for (const std::string_view part : core::split(text, ','))
    if (const auto item = core::trim(part); !item.empty()) list.emplace_back(item);
  return list;
}

}  // namespace

Config Config::from(core::Env& env) {
  Config config;
  config.jwt_secret = env.required_secret("JWT_SECRET", 32);
  config.anon_key = env.secret("SUPABASE_ANON_KEY");
  config.service_key = env.secret("SUPABASE_SERVICE_ROLE_KEY");
  config.notify_secret = env.required_secret("INTERNAL_NOTIFY_SECRET");
  config.site_url = env.url("APP_BASE_URL", "http://localhost:3000");
  config.api_url = env.url("SUPABASE_URL", config.site_url);
  config.redirects = list_of(env.text("AUTH_REDIRECT_URLS"));
  config.autoconfirm = env.flag("AUTH_AUTOCONFIRM", false);
  config.signup_open = !env.flag("AUTH_DISABLE_SIGNUP", false);
  config.browser_cookie = env.flag("AUTH_BROWSER_COOKIE", false);
  config.welcome_credits = static_cast<int>(env.integer("WELCOME_CREDITS", 0, 0, 1'000'000));
  config.access_seconds = env.integer("AUTH_ACCESS_TOKEN_SECONDS", 3600, 120, 86400);
  config.otp_seconds = env.integer("AUTH_OTP_SECONDS", 3600, 60, 86400);
  const std::string hash = env.text("AUTH_PASSWORD_HASH", "argon2id");
  if (hash == "bcrypt") config.hash = Hash::bcrypt;
  else if (hash != "argon2id") env.fault("AUTH_PASSWORD_HASH must be argon2id or bcrypt.");
  const bool limited = env.flag("TENON_RATE_LIMITS", true);
  if (!limited && env.production()) env.fault("TENON_RATE_LIMITS=off is for development only.");
  config.limits = limited || env.production() ? Limits::enforced : Limits::off;
  config.providers = oauth::providers_from(env);
  config.production = env.production();
  if (config.jwt_secret.empty()) config.jwt_secret = core::Secret(core::hex(core::random_bytes(32)));
  const std::string& secret = config.jwt_secret.reveal();
  if (config.anon_key.empty()) config.anon_key = core::Secret(make_api_key(secret, "anon"));
  if (config.service_key.empty()) config.service_key = core::Secret(make_api_key(secret, "service_role"));
  return config;
}

std::string Config::issuer() const { return api_url + "/auth/v1"; }

std::string Config::cookie_name() const {
  const std::string host = host_of(api_url);
  return "sb-" + host.substr(0, host.find('.')) + "-auth-token";
}

bool Config::secure() const { return site_url.starts_with("https://"); }

std::string make_api_key(std::string_view secret, std::string_view role) {
  // Fixed times: the same secret gives the same key on every machine.
  const std::string claims =
      std::string(R"({"iss":"tenon","role":")") + std::string(role) + R"(","iat":1767225600,"exp":2082758400})";
  return jwt::sign(claims, secret);
}

Auth::Auth(core::Loop& l, core::Offload& pool, pg::Db& database, http::Client& client, core::Clock& time,
           Config settings)
    : loop(l), hashing(pool), db(database), clock(time), config(std::move(settings)) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
  using Scheme = oauth::Directory::Scheme;
  directory_ = std::make_unique<oauth::Directory>(client, clock, config.production ? Scheme::https_only : Scheme::any);
}

Auth::~Auth() = default;

}  // namespace auth
