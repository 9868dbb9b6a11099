#include "core/log.h"
#include "core/problem.h"
#include "identity/audit_log.h"
#include "oauth/exchange.h"
#include "oauth/linking.h"
#include "oauth/provider_discovery.h"

namespace oauth {
namespace {

struct SignIn {
  identity::Identity* identity;
  FlowState flow;
  ProviderProfile profile;
  identity::ClientInfo from;
};

Task<CompletedSignIn> sign_in_in(pg::Tx& tx, SignIn& sign_in) {
  identity::Identity& identity = *sign_in.identity;
  CompletedSignIn out{.profile = sign_in.profile};
  core::UserId user;
  if (sign_in.flow.linking_to) {
    user = *sign_in.flow.linking_to;
    co_await link_identity(identity, tx, user, sign_in.profile, sign_in.from);
  } else {
    user = co_await find_or_create_user(identity, tx, sign_in.profile, sign_in.from);
  }
  if (sign_in.flow.challenge.empty()) {
    out.session = co_await identity::open_session(identity, tx, user, "oauth", sign_in.from);
    co_await identity::audit(identity, tx, "login", user,
                             sign_in.from);  // with PKCE the exchange is the sign-in
  } else {
    out.code = co_await issue_code(tx, sign_in.flow, user, sign_in.profile, identity.clock.now());
  }
  co_return out;
}

}  // namespace

Task<CompletedSignIn> complete_sign_in(OAuth& oauth, FlowState flow, std::string code, identity::ClientInfo from) {
  const Provider* provider = find(oauth.config.providers, flow.provider);
  if (provider == nullptr) throw core::Problem(400, "oauth.provider_disabled", {{"provider", flow.provider}});
  if (code.empty() || code.size() > 4096) throw core::Problem(400, "oauth.bad_oauth_callback");
  SignIn sign_in{&oauth.identity, std::move(flow), {}, std::move(from)};
  try {
    sign_in.profile = co_await fetch_profile(oauth, *provider, sign_in.flow, std::move(code));
  } catch (const ProviderFault& fault) {
    core::log::warn("oauth.provider.failed", {{"provider", provider->name}, {"why", fault.what()}});
    throw core::Problem(500, "oauth.unexpected_failure.exchange");
  } catch (const IdTokenFault& fault) {
    core::log::warn("oauth.id_token.refused", {{"provider", provider->name}, {"why", fault.what()}});
    throw core::Problem(500, "oauth.unexpected_failure.profile");
  }
  for (int round = 0;; ++round) {
    try {
      co_return co_await oauth.identity.db.in(pg::as_service("the provider vouches for the user"), sign_in_in, sign_in);
    } catch (const core::Problem& problem) {
      // A concurrent sign-up took the address first: the next round finds its user.
      if (problem.code != "email_exists" || round > 0) throw;
    }
  }
}

}  // namespace oauth
