// GET and POST /auth/v1/callback: back from the provider, by link or by form. Whatever happens, the browser is sent on
// to where the flow began, with a code, a session or an error.
#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "auth/oauth/account.h"
#include "auth/oauth/back.h"
#include "auth/oauth/oauth.h"
#include "core/log.h"
#include "core/text.h"

namespace auth::oauth {
namespace {

struct Arrival {
  Auth* auth;
  Flow flow;
  Person person;
  Origin from;
};

std::string field(const Request& rq, std::string_view name) {
  const std::string_view value = rq.method == http::Method::post ? rq.form(name) : rq.query(name).value_or("");
  return std::string(value);
}

std::string with_session(const Flow& flow, const Session& session, const Person& person) {
  const core::Json json = core::Json::parse(session.json).value_or(core::Json());
  Pairs fields{{"access_token", json["access_token"].string_or("")},
               {"expires_at", std::to_string(json["expires_at"].integer().value_or(0))},
               {"expires_in", std::to_string(json["expires_in"].integer().value_or(0))}};
  if (!person.refresh_token.empty()) fields.emplace_back("provider_refresh_token", person.refresh_token);
  fields.emplace_back("provider_token", person.access_token);
  fields.emplace_back("refresh_token", session.refresh_token);
  fields.emplace_back("sb", "");
  fields.emplace_back("token_type", "bearer");
  return with_fragment(flow.redirect_to, fields);
}

// The account, and what the browser carries back to the client.
Task<std::string> settle(pg::Tx& tx, Arrival& arrival) {
  Auth& auth = *arrival.auth;
  core::UserId user;
  if (arrival.flow.linking_to) {
    user = *arrival.flow.linking_to;
    co_await link_to(auth, tx, user, arrival.person, arrival.from);
  } else {
    user = co_await account_of(auth, tx, arrival.person, arrival.from);
  }
  if (arrival.flow.challenge.empty()) {
    const Session session = co_await open_session(auth, tx, user, "oauth", arrival.from);
    co_await audit(auth, tx, "login", user, arrival.from);  // with a challenge the code's exchange is the sign-in
    co_return with_session(arrival.flow, session, arrival.person);
  }
  const std::string code = co_await issue_code(tx, arrival.flow, user, arrival.person, auth.clock.now());
  co_return with_query(arrival.flow.redirect_to, {{"code", code}});
}

Task<std::string> settled(Auth& auth, Arrival arrival) {
  for (int round = 0;; ++round) {
    try {
      co_return co_await auth.db.in(pg::as_service("a provider vouches for a stranger"), settle, arrival);
    } catch (const core::Problem& problem) {
      // Another sign-up of the same address was faster: the next round finds it.
      if (problem.code != "email_exists" || round > 0) throw;
    }
  }
}

// What the provider itself refused, in its own words; bounded, since anybody can write them.
std::string refused_there(const Flow& flow, const Request& rq) {
  const std::string error = field(rq, "error").substr(0, 100);
  std::string description = field(rq, "error_description").substr(0, 500);
  if (description.empty() || !core::valid_utf8(description)) description = "The provider refused the sign-in";
  return with_error(flow.redirect_to, error, "bad_oauth_callback", description);
}

Task<std::string> arrive(Auth& auth, const Flow& flow, std::string code, Origin from) {
  const Provider* provider = find(auth.config.providers, flow.provider);
  if (provider == nullptr) throw core::Problem(400, "provider_disabled", "The provider is not enabled any more");
  if (code.empty() || code.size() > 4096)
    throw core::Problem(400, "bad_oauth_callback", "OAuth callback with missing authorization code missing");
  Arrival arrival{&auth, flow, {}, std::move(from)};
  try {
    arrival.person = co_await person_behind(auth, *provider, flow, std::move(code));
  } catch (const ProviderFault& fault) {
    core::log::warn("auth.provider.failed", {{"provider", flow.provider}, {"why", fault.what()}});
    throw core::Problem(500, "unexpected_failure", "Unable to exchange external code");
  } catch (const BadIdToken& bad) {
    core::log::warn("auth.id_token.refused", {{"provider", flow.provider}, {"why", bad.what()}});
    throw core::Problem(500, "unexpected_failure", "Error getting user profile from external provider");
  }
  co_return co_await settled(auth, std::move(arrival));
}

// RFC 9207: a provider that names itself must be the one that was asked.
bool another_answered(const Auth& auth, const Flow& flow, const Request& rq) {
  const std::string issuer = field(rq, "iss");
  const Provider* provider = find(auth.config.providers, flow.provider);
  return !issuer.empty() && provider != nullptr && provider->kind == Provider::Kind::oidc && issuer != provider->issuer;
}

}  // namespace

Task<Response> callback(Auth& auth, Request& rq) {
  co_await require_rate(auth, kOauthRate, rq.client_ip);
  const auto state = core::Uuid::parse(field(rq, "state"));
  std::optional<Taken> taken;
  const core::Time now = auth.clock.now();
  if (state) taken = co_await auth.db.in(pg::as_service("a flow's id is its own proof"), take_flow, *state, now);
  const core::Problem bad_state(400, "bad_oauth_state", "OAuth state not found or expired");
  if (!taken) co_return http::redirect(with_error(auth.config.site_url, bad_state));
  const Flow& flow = taken->flow;
  if (!taken->good || another_answered(auth, flow, rq))
    co_return http::redirect(with_error(flow.redirect_to, bad_state));
  if (!field(rq, "error").empty()) co_return http::redirect(refused_there(flow, rq));
  std::string location;
  std::string refused;
  try {
    location = co_await arrive(auth, flow, field(rq, "code"), origin_of(rq));
    core::log::info("auth.provider.arrived", {{"provider", flow.provider}});
  } catch (const core::Problem& problem) {
    core::log::info("auth.provider.refused", {{"provider", flow.provider}, {"code", problem.code}});
    location = with_error(flow.redirect_to, problem);
    refused = problem.code;
  }
  if (!refused.empty()) co_await audit_refused(auth, "login_refused", refused, flow.linking_to, origin_of(rq));
  co_return http::redirect(location);
}

}  // namespace auth::oauth
