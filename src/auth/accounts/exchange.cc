#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/oauth/flow.h"
#include "auth/tokens/flow.h"
#include "core/log.h"

namespace auth {
namespace {

// The provider's tokens are told once, with the session they came with.
std::string with_tokens(const std::string& session_json, const CodeOwner& owner, std::string_view code) {
  const std::string token = oauth::unsealed(owner.provider_token, code);
  const std::string refresh_token = oauth::unsealed(owner.provider_refresh_token, code);
  if (token.empty()) return session_json;
  core::JsonWriter more;
  more.begin().field("provider_token", token);
  if (!refresh_token.empty()) more.field("provider_refresh_token", refresh_token);
  return more.take() + "," + session_json.substr(1);
}

struct Exchange {
  Auth* auth;
  std::string code;
  std::string verifier;
  Origin from;
};

Task<std::variant<Session, CodeFault>> exchange_in(pg::Tx& tx, Exchange& exchange) {
  Auth& auth = *exchange.auth;
  const auto taken = co_await take_code(tx, exchange.code, exchange.verifier, auth.clock.now());
  if (const auto* fault = std::get_if<CodeFault>(&taken)) co_return *fault;
  const CodeOwner owner = std::get<CodeOwner>(taken);
  const auto user = co_await user_by_id(tx, owner.user);
  if (!user) co_return CodeFault::unknown;
  if (user->banned(auth.clock.now())) co_return CodeFault::banned;
  Session session = co_await open_session(auth, tx, owner.user, owner.method, exchange.from);
  session.json = with_tokens(session.json, owner, exchange.code);
  co_await audit(auth, tx, "login", owner.user, exchange.from);
  co_return session;
}

core::Problem problem_of(CodeFault fault) {
  switch (fault) {
    case CodeFault::unknown: break;
    case CodeFault::expired: return {422, "flow_state_expired", "invalid flow state, flow state has expired"};
    case CodeFault::wrong_verifier:
      return {400, "bad_code_verifier", "code challenge does not match previously saved code verifier"};
    case CodeFault::banned: return {400, "user_banned", "User is banned"};
  }
  return {404, "flow_state_not_found", "invalid flow state, no valid flow state found"};
}

}  // namespace

Task<Session> exchange_code(Auth& auth, std::string code, std::string verifier, Origin from) {
  const Exchange exchange{&auth, std::move(code), std::move(verifier), std::move(from)};
  const auto done = co_await auth.db.in(pg::as_service("code and verifier are their own proof"), exchange_in, exchange);
  if (const auto* fault = std::get_if<CodeFault>(&done)) {
    const core::Problem problem = problem_of(*fault);
    co_await audit_refused(auth, "login_refused", problem.code, std::nullopt, exchange.from);
    throw core::Problem(problem);
  }
  const Session session = std::get<Session>(done);
  core::log::info("auth.account.signed_in", {{"user", session.user}, {"session", session.id}});
  co_return session;
}

}  // namespace auth
