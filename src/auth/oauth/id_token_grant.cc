// POST /auth/v1/token?grant_type=id_token: for clients that got the provider's ID token by themselves.
#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "auth/oauth/account.h"
#include "auth/oauth/oauth.h"
#include "auth/wire/wire.h"
#include "core/crypto.h"
#include "core/log.h"

namespace auth::oauth {
namespace {

struct Entry {
  Auth* auth;
  Person person;
  Origin from;
};

Task<Session> enter(pg::Tx& tx, Entry& entry) {
  const core::UserId user = co_await account_of(*entry.auth, tx, entry.person, entry.from);
  Session session = co_await open_session(*entry.auth, tx, user, "oauth", entry.from);
  co_await audit(*entry.auth, tx, "login", user, entry.from);
  co_return session;
}

// RFC 6749 5.2, which this grant alone answers with.
Response refused(std::string_view error, std::string_view description) {
  core::JsonWriter body;
  body.begin().field("error", error).field("error_description", description).end();
  return http::json(body.take(), 400);
}

const Provider& provider_of(const Auth& auth, const std::string& name) {
  const Provider* provider = find(auth.config.providers, name);
  if (provider != nullptr && provider->kind == Provider::Kind::oidc) return *provider;
  if (name == "google" || name == "apple" || name == "azure" || name == "facebook" || name == "keycloak")
    throw core::Problem(400, "provider_disabled", "Provider (" + name + ") is not enabled");
  throw core::Problem(400, "validation_failed", "Custom OIDC provider \"" + name.substr(0, 60) + "\" not allowed");
}

}  // namespace

Task<Session> sign_in_by_id_token(Auth& auth, IdTokenGrant grant, Origin from) {
  const Provider& provider = provider_of(auth, grant.provider);
  co_await require_rate(auth, kSignInRate, from.ip);
  const core::Json claims = co_await verified_claims(auth.directory(), provider, grant.id_token, auth.clock.now());
  if (!grant.access_token.empty() && !at_hash_fits(claims, grant.access_token))
    throw BadIdToken("it came with another access token");
  const std::string nonce = claims["nonce"].string_or("");
  if (nonce.empty() != grant.nonce.empty()) throw NonceFault(NonceFault::Kind::one_missing);
  if (!nonce.empty() && !core::equal_constant_time(core::hex(core::sha256(grant.nonce)), nonce))
    throw NonceFault(NonceFault::Kind::differ);
  const Entry entry{&auth, person_of(provider, claims), std::move(from)};
  for (int round = 0;; ++round) {
    try {
      Session session = co_await auth.db.in(pg::as_service("a provider vouches for a stranger"), enter, entry);
      core::log::info("auth.account.signed_in", {{"user", session.user}, {"session", session.id}});
      co_return session;
    } catch (const core::Problem& problem) {
      if (problem.code != "email_exists" || round > 0) throw;  // another sign-up of the same address was faster
    }
  }
}

Task<Response> id_token_grant(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  IdTokenGrant grant{text_of(body, "provider"), text_of(body, "id_token"), text_of(body, "access_token"),
                     text_of(body, "nonce")};
  if (grant.id_token.empty()) co_return refused("invalid request", "id_token required");
  if (grant.provider.empty()) co_return refused("invalid request", "provider or client_id and issuer required");
  std::optional<Response> refusal;
  try {
    const Session session = co_await sign_in_by_id_token(auth, std::move(grant), origin_of(rq));
    co_return session_answer(session);
  } catch (const NonceFault& fault) {
    core::log::info("auth.id_token.refused", {{"why", fault.what()}});
    if (fault.kind == NonceFault::Kind::differ) refusal = refused("invalid nonce", "Nonces mismatch");
    else refusal = refused("invalid request", "Passed nonce and nonce in id_token should either both exist or not.");
  } catch (const BadIdToken& bad) {
    core::log::info("auth.id_token.refused", {{"why", bad.what()}});
    refusal = refused("invalid request", "Bad ID token");
  } catch (const ProviderFault& fault) {
    core::log::warn("auth.provider.failed", {{"why", fault.what()}});
    throw core::Problem(503, "unexpected_failure", "The provider does not answer at the moment");
  }
  co_await audit_refused(auth, "login_refused", "bad_id_token", std::nullopt, origin_of(rq));
  co_return std::move(*refusal);
}

}  // namespace auth::oauth
