#include "identity/config.h"

#include <unistd.h>

#include "core/crypto.h"
#include "core/text.h"
#include "identity/api_keys.h"
#include "identity/rate_limits.h"

namespace identity {
namespace {

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> list;
  for (const std::string_view part : core::split(text, ','))
    if (const auto item = core::trim(part); !item.empty()) list.emplace_back(item);
  return list;
}

// name=count/seconds, comma separated: sign_in=30/300,mail=100/3600.
std::map<std::string, Rate> rates_of(core::Env& env) {
  std::map<std::string, Rate> out;
  const std::string text = env.text("AUTH_RATE_LIMITS");
  for (const std::string& item : list_of(text)) {
    const auto equal = item.find('=');
    const auto slash = item.find('/');
    const bool shaped = equal != std::string::npos && slash != std::string::npos && equal < slash;
    const std::string name = shaped ? item.substr(0, equal) : "";
    const auto count = shaped ? core::parse_int(item.substr(equal + 1, slash - equal - 1)) : std::nullopt;
    const auto seconds = shaped ? core::parse_int(item.substr(slash + 1)) : std::nullopt;
    if (!is_rate_limit(name) || !count || !seconds || *count < 1 || *seconds < 1 || *count > 1'000'000 ||
        *seconds > 86400)
      env.fault("AUTH_RATE_LIMITS: \"" + item +
                "\" is not name=count/seconds with a name of src/identity/rate_limits.h.");
    else out[name] = {static_cast<double>(*count), static_cast<double>(*count) / static_cast<double>(*seconds)};
  }
  return out;
}

std::vector<jwt::PublicKey> trusted_keys_of(core::Env& env) {
  std::vector<jwt::PublicKey> out;
  const std::string text = env.text("AUTH_JWKS");
  if (text.empty()) return out;
  const auto json = core::Json::parse(text);
  const std::vector<core::Json> keys = json ? (*json)["keys"].elements() : std::vector<core::Json>{};
  for (const core::Json& jwk : keys)
    if (auto key = jwt::public_key(jwk)) out.push_back(std::move(*key));
  if (out.empty() || out.size() != keys.size())
    env.fault("AUTH_JWKS must be a JWK set of public ES256 and RS256 keys, each with its kid.");
  return out;
}

}  // namespace

Config Config::from(core::Env& env) {
  Config config;
  config.jwt_secret = env.required_secret("JWT_SECRET", 32);
  config.anon_key = env.secret("SUPABASE_ANON_KEY");
  config.service_key = env.secret("SUPABASE_SERVICE_ROLE_KEY");
  config.site_url = env.url("APP_BASE_URL", "http://localhost:3000");
  config.api_url = env.url("SUPABASE_URL", config.site_url);
  config.autoconfirm = env.flag("AUTH_AUTOCONFIRM", false);
  config.signup_open = !env.flag("AUTH_DISABLE_SIGNUP", false);
  config.welcome_credits = static_cast<int>(env.integer("WELCOME_CREDITS", 0, 0, 1'000'000));
  config.access_seconds = env.integer("AUTH_ACCESS_TOKEN_SECONDS", 3600, 120, 86400);
  config.otp_seconds = env.integer("AUTH_OTP_SECONDS", 3600, 60, 86400);
  config.anonymous = env.flag("AUTH_ANONYMOUS", false);
  config.secure_email_change = env.flag("AUTH_SECURE_EMAIL_CHANGE", true);
  config.reauthenticate = env.flag("AUTH_REAUTHENTICATE", false);
  config.hide_unknown = env.flag("AUTH_HIDE_UNKNOWN", false);
  config.breached_passwords = env.text("AUTH_BREACHED_PASSWORDS");
  if (!config.breached_passwords.empty() && ::access(config.breached_passwords.c_str(), R_OK) != 0)
    env.fault("AUTH_BREACHED_PASSWORDS names a file that cannot be read.");
  config.rates = rates_of(env);
  config.trusted_keys = trusted_keys_of(env);
  const std::string hash = env.text("AUTH_PASSWORD_HASH", "argon2id");
  if (hash == "bcrypt") config.hash = Hash::bcrypt;
  else if (hash != "argon2id") env.fault("AUTH_PASSWORD_HASH must be argon2id or bcrypt.");
  const bool limited = env.flag("TENON_RATE_LIMITS", true);
  if (!limited && env.production()) env.fault("TENON_RATE_LIMITS=off is for development only.");
  config.limits = limited || env.production() ? Limits::enforced : Limits::off;
  if (config.jwt_secret.empty()) config.jwt_secret = core::Secret(core::hex(core::random_bytes(32)));
  const std::string& secret = config.jwt_secret.reveal();
  if (config.anon_key.empty()) config.anon_key = core::Secret(make_api_key(secret, "anon"));
  if (config.service_key.empty()) config.service_key = core::Secret(make_api_key(secret, "service_role"));
  return config;
}

std::string Config::issuer() const { return api_url + "/auth/v1"; }

}  // namespace identity
