// POST /auth/v1/token?grant_type=pkce: the code of a flow, and the verifier that only the one who began it has.
#include "auth/oauth/oauth.h"
#include "auth/wire/wire.h"
#include "core/log.h"

namespace auth::oauth {
namespace {

struct Entry {
  Auth* auth;
  CodeGrant grant;
  Origin from;
};
using Outcome = std::variant<std::monostate, CodeFault, Session>;

// The provider's tokens are told once, with the session they came with.
std::string with_tokens(const std::string& session_json, const Exchanged& exchanged) {
  if (exchanged.provider_token.empty()) return session_json;
  core::JsonWriter more;
  more.begin().field("provider_token", exchanged.provider_token);
  if (!exchanged.provider_refresh_token.empty()) more.field("provider_refresh_token", exchanged.provider_refresh_token);
  std::string out = more.take();
  out += ',' + session_json.substr(1);
  return out;
}

Task<Outcome> enter(pg::Tx& tx, Entry& entry) {
  Auth& auth = *entry.auth;
  auto taken = co_await take_code(tx, entry.grant.code, entry.grant.verifier, auth.clock.now());
  if (const auto* fault = std::get_if<CodeFault>(&taken)) co_return Outcome(*fault);
  const auto* exchanged = std::get_if<Exchanged>(&taken);
  if (exchanged == nullptr) co_return Outcome();
  const auto user = co_await user_by_id(tx, exchanged->user);
  if (!user) co_return Outcome();
  if (user->banned(auth.clock.now())) throw core::Problem(400, "user_banned", "User is banned");
  Session session = co_await open_session(auth, tx, user->id, exchanged->method, entry.from);
  session.json = with_tokens(session.json, *exchanged);
  co_return Outcome(std::move(session));
}

}  // namespace

Task<Session> sign_in_by_code(Auth& auth, CodeGrant grant, Origin from) {
  if (grant.code.empty() || grant.verifier.empty())
    throw core::Problem(400, "validation_failed",
                        "invalid request: both auth code and code verifier should be non-empty");
  co_await require_rate(auth, kSignInRate, from.ip);
  const Entry entry{&auth, std::move(grant), std::move(from)};
  Outcome outcome = co_await auth.db.in(pg::as_service("a code and its verifier are their own proof"), enter, entry);
  if (auto* session = std::get_if<Session>(&outcome)) {
    core::log::info("auth.account.signed_in", {{"user", session->user}, {"session", session->id}});
    co_return std::move(*session);
  }
  const auto* fault = std::get_if<CodeFault>(&outcome);
  if (fault == nullptr)
    throw core::Problem(404, "flow_state_not_found", "invalid flow state, no valid flow state found");
  if (fault->kind == CodeFault::Kind::expired)
    throw core::Problem(422, "flow_state_expired", "invalid flow state, flow state has expired");
  throw core::Problem(400, "bad_code_verifier", "code challenge does not match previously saved code verifier");
}

Task<Response> code_grant(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  CodeGrant grant{text_of(body, "auth_code"), text_of(body, "code_verifier")};
  const Session session = co_await sign_in_by_code(auth, std::move(grant), origin_of(rq));
  co_return session_answer(session);
}

}  // namespace auth::oauth
