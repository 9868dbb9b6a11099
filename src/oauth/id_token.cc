#include "oauth/id_token.h"

#include <algorithm>
#include <cmath>

#include "core/crypto.h"
#include "core/signature.h"
#include "core/text.h"

namespace oauth {
namespace {

constexpr std::size_t kLongest = 16 << 10;  // providers include pictures and groups
constexpr double kSkew = 60;                // seconds that clocks may differ

struct Parts {
  core::Json header;
  core::Json claims;
  std::string signed_text;
  std::string signature;
};

Parts parse(const std::string& token) {
  if (token.size() > kLongest) throw IdTokenFault("it is too long");
  const auto parts = core::split(token, '.');
  if (parts.size() != 3) throw IdTokenFault("it is no signed token");
  const auto header = core::unbase64url(parts[0]);
  const auto payload = core::unbase64url(parts[1]);
  const auto signature = core::unbase64url(parts[2]);
  if (!header || !payload || !signature) throw IdTokenFault("it is not encoded as it must");
  const auto head = core::Json::parse(*header);
  const auto claims = core::Json::parse(*payload);
  if (!head || !head->is_object() || !claims || !claims->is_object()) throw IdTokenFault("it holds no JSON objects");
  if (head->has("crit")) throw IdTokenFault("its header asks for what is not known");
  return {*head, *claims, token.substr(0, parts[0].size() + 1 + parts[1].size()), *signature};
}

// True when this key of the provider's set (RFC 7517) is a signature key of the algorithm's type and made the
// signature.
bool signed_by(const core::Json& key, std::string_view algorithm, const Parts& parts) {
  const std::string use = key["use"].string_or("sig");
  const std::string meant_for = key["alg"].string_or(algorithm);
  if (use != "sig" || meant_for != algorithm) return false;
  const auto member = [&](const char* name) { return core::unbase64url(key[name].string_or("")).value_or(""); };
  const std::string kind = key["kty"].string_or("");
  if (algorithm == "RS256" && kind == "RSA")
    return core::verify_rs256(member("n"), member("e"), parts.signed_text, parts.signature);
  if (algorithm == "ES256" && kind == "EC" && key["crv"].string_or("") == "P-256")
    return core::verify_es256(member("x"), member("y"), parts.signed_text, parts.signature);
  return false;
}

bool is_for(const core::Json& claims, const std::string& client_id) {
  const core::Json audience = claims["aud"];
  if (audience.is_string()) return audience.string_or("") == client_id;
  const std::vector<core::Json> all = audience.elements();
  const bool named =
      std::any_of(all.begin(), all.end(), [&](const core::Json& one) { return one.string_or("") == client_id; });
  // With several audiences, azp names the party it was issued to.
  return named && (all.size() == 1 || claims["azp"].string_or("") == client_id);
}

bool is_from(const core::Json& claims, const Provider& provider) {
  const std::string issuer = claims["iss"].string_or("");
  // Google omits the scheme for older clients.
  return issuer == provider.issuer ||
         (provider.issuer == "https://accounts.google.com" && issuer == "accounts.google.com");
}

void judge(const core::Json& claims, const Provider& provider, core::Time now) {
  const double seconds = static_cast<double>(core::unix_seconds(now));
  const auto expires = claims["exp"].number();
  const auto issued = claims["iat"].number();
  if (!is_from(claims, provider)) throw IdTokenFault("another issuer made it");
  if (!is_for(claims, provider.client_id)) throw IdTokenFault("it is for another client");
  if (!expires || !std::isfinite(*expires) || *expires + kSkew <= seconds) throw IdTokenFault("it has expired");
  if (!issued || *issued - kSkew > seconds) throw IdTokenFault("it was issued in the future, or says not when");
  if (claims.has("nbf") && claims["nbf"].number().value_or(1e18) - kSkew > seconds)
    throw IdTokenFault("it is not valid yet");
  const std::string subject = claims["sub"].string_or("");
  if (subject.empty() || subject.size() > 255 || !core::valid_utf8(subject) || subject.contains('\0'))
    throw IdTokenFault("it names no subject");
}

}  // namespace

Task<core::Json> verify_id_token(ProviderDiscovery& discovery, const Provider& provider, std::string token,
                                 core::Time now) {
  const Parts parts = parse(token);
  const std::string algorithm = parts.header["alg"].string_or("");
  // The header may choose among the provider's keys but not the kind of key: shared secrets and `none` are refused.
  if (algorithm != "RS256" && algorithm != "ES256") throw IdTokenFault("its algorithm is neither RS256 nor ES256");
  const std::vector<core::Json> keys = co_await discovery.keys(provider, parts.header["kid"].string_or(""));
  const bool genuine =
      std::any_of(keys.begin(), keys.end(), [&](const core::Json& key) { return signed_by(key, algorithm, parts); });
  if (!genuine) throw IdTokenFault("no key of the provider signed it");
  judge(parts.claims, provider, now);
  co_return parts.claims;
}

bool at_hash_fits(const core::Json& claims, std::string_view access_token) {
  if (!claims.has("at_hash")) return true;
  const std::string half = core::sha256(access_token).substr(0, 16);
  return core::equal_constant_time(core::base64url(half), claims["at_hash"].string_or(""));
}

}  // namespace oauth
