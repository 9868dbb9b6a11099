#include "core/log.h"
#include "core/problem.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/email_flow_state.h"
#include "identity/provider_tokens.h"

namespace identity {
namespace {

// The provider's tokens are returned once, with the session that they came with.
std::string with_tokens(const std::string& session_json, const AuthCodeOwner& owner, std::string_view code) {
  const std::string token = decrypt_with_code(owner.provider_token, code);
  const std::string refresh_token = decrypt_with_code(owner.provider_refresh_token, code);
  if (token.empty()) return session_json;
  core::JsonWriter more;
  more.begin().field("provider_token", token);
  if (!refresh_token.empty()) more.field("provider_refresh_token", refresh_token);
  return more.take() + "," + session_json.substr(1);
}

struct Exchange {
  Identity* identity;
  std::string code;
  std::string verifier;
  ClientInfo from;
};

Task<std::variant<Session, AuthCodeFault>> exchange_in(pg::Tx& tx, Exchange& exchange) {
  Identity& identity = *exchange.identity;
  const auto taken = co_await consume_auth_code(tx, exchange.code, exchange.verifier, identity.clock.now());
  if (const auto* fault = std::get_if<AuthCodeFault>(&taken)) co_return *fault;
  const AuthCodeOwner owner = std::get<AuthCodeOwner>(taken);
  const auto user = co_await user_by_id(tx, owner.user);
  if (!user) co_return AuthCodeFault::unknown;
  if (user->banned(identity.clock.now())) co_return AuthCodeFault::banned;
  Session session = co_await open_session(identity, tx, owner.user, owner.method, exchange.from);
  session.json = with_tokens(session.json, owner, exchange.code);
  co_await audit(identity, tx, "login", owner.user, exchange.from);
  co_return session;
}

core::Problem problem_of(AuthCodeFault fault) {
  switch (fault) {
    case AuthCodeFault::unknown: break;
    case AuthCodeFault::expired: return {422, "identity.flow_state_expired"};
    case AuthCodeFault::wrong_verifier: return {400, "identity.bad_code_verifier"};
    case AuthCodeFault::banned: return {400, "identity.user_banned"};
  }
  return {404, "identity.flow_state_not_found"};
}

}  // namespace

Task<Session> exchange_code(Identity& identity, std::string code, std::string verifier, ClientInfo from) {
  const Exchange exchange{&identity, std::move(code), std::move(verifier), std::move(from)};
  const auto done =
      co_await identity.db.in(pg::as_service("code and verifier are their own proof"), exchange_in, exchange);
  if (const auto* fault = std::get_if<AuthCodeFault>(&done)) {
    const core::Problem problem = problem_of(*fault);
    co_await audit_refusal(identity, "login_refused", problem.code, std::nullopt, exchange.from);
    throw core::Problem(problem);
  }
  const Session session = std::get<Session>(done);
  core::log::info("identity.account.signed_in", {{"user", session.user}, {"session", session.id}});
  co_return session;
}

}  // namespace identity
