#include "core/crypto.h"
#include "core/log.h"
#include "core/problem.h"
#include "identity/audit_log.h"
#include "identity/rate_limits.h"
#include "oauth/exchange.h"
#include "oauth/linking.h"

namespace oauth {
namespace {

struct SignIn {
  identity::Identity* identity;
  ProviderProfile profile;
  identity::ClientInfo from;
};

Task<identity::Session> sign_in_in(pg::Tx& tx, SignIn& sign_in) {
  identity::Identity& identity = *sign_in.identity;
  const core::UserId user = co_await find_or_create_user(identity, tx, sign_in.profile, sign_in.from);
  identity::Session session = co_await identity::open_session(identity, tx, user, "oauth", sign_in.from);
  co_await identity::audit(identity, tx, "login", user, sign_in.from);
  co_return session;
}

const Provider& provider_of(const OAuth& oauth, const std::string& name) {
  const Provider* provider = find(oauth.config.providers, name);
  if (provider != nullptr && provider->kind == Provider::Kind::oidc) return *provider;
  if (name == "google" || name == "apple" || name == "azure" || name == "facebook" || name == "keycloak")
    throw core::Problem(400, "oauth.provider_disabled", {{"provider", name}});
  throw core::Problem(400, "oauth.validation_failed.custom_provider", {{"provider", name.substr(0, 60)}});
}

}  // namespace

Task<identity::Session> sign_in_by_id_token(OAuth& oauth, IdTokenGrant grant, identity::ClientInfo from) {
  identity::Identity& identity = oauth.identity;
  const Provider& provider = provider_of(oauth, grant.provider);
  co_await identity::enforce_rate_limit(identity, identity::kSignInRate, from.ip);
  const core::Json claims = co_await verify_id_token(oauth.discovery(), provider, grant.id_token, identity.clock.now());
  if (!grant.access_token.empty() && !at_hash_fits(claims, grant.access_token))
    throw IdTokenFault("it came with another access token");
  const std::string nonce = claims["nonce"].string_or("");
  if (nonce.empty() != grant.nonce.empty()) throw NonceFault(NonceFault::Kind::one_missing);
  if (!nonce.empty() && !core::equal_constant_time(core::hex(core::sha256(grant.nonce)), nonce))
    throw NonceFault(NonceFault::Kind::differ);
  const SignIn sign_in{&identity, profile_from_claims(provider, claims), std::move(from)};
  for (int round = 0;; ++round) {
    try {
      identity::Session session =
          co_await identity.db.in(pg::as_service("the provider vouches for the user"), sign_in_in, sign_in);
      core::log::info("oauth.user.signed_in", {{"user", session.user}, {"session", session.id}});
      co_return session;
    } catch (const core::Problem& problem) {
      // A concurrent sign-up took the address first: the next round finds its user.
      if (problem.code != "email_exists" || round > 0) throw;
    }
  }
}

}  // namespace oauth
