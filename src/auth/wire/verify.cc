#include <fmt/format.h>

#include "auth/accounts/accounts.h"
#include "auth/redirect.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"
#include "core/text.h"

namespace auth {
namespace {

std::string encoded(std::string_view text) { return core::percent_encode(text); }

std::string with_fragment(const std::string& target, const std::string& fragment) {
  return target.substr(0, target.find('#')) + "#" + fragment;
}

}  // namespace

// POST /auth/v1/verify
Task<Response> verify(Auth& auth, Request& rq) {
  const core::Json body = object_body(rq);
  Proof proof;
  proof.type = text_of(body, "type");
  proof.token = text_of(body, "token_hash");
  proof.email = core::lower(core::trim(text_of(body, "email")));
  proof.code = text_of(body, "token");
  if (!proof.token.empty() && (!proof.email.empty() || !text_of(body, "phone").empty()))
    throw core::Problem(400, "validation_failed", "Only the token_hash and type should be provided");
  const Session session = co_await redeem(auth, std::move(proof), origin_of(rq));
  co_return session_answer(session);
}

// GET /auth/v1/verify?token=…&type=…&redirect_to=…: the link of a mail, for clients that read the fragment.
Task<Response> verify_link(Auth& auth, Request& rq) {
  const std::string target = redirect_target(auth.config, rq);
  Proof proof;
  proof.type = rq.query("type").value_or("");
  proof.token = rq.query("token").value_or("");
  if (proof.token.empty()) throw core::Problem(400, "validation_failed", "Verify requires a token or a token hash");
  const std::string type = proof.type;
  std::optional<Session> session;
  std::string error;
  try {
    session = co_await redeem(auth, std::move(proof), origin_of(rq));
  } catch (const core::Problem& problem) {
    if (problem.status == 429) throw;
    error = fmt::format(
        "error={}&error_code={}&error_description={}&sb=", problem.status == 403 ? "access_denied" : "invalid_request",
        problem.code, encoded(problem.what()));
  }
  if (!session) co_return http::redirect(with_fragment(target, error));
  const core::Json json = core::Json::parse(session->json).value_or(core::Json());
  const std::string fragment =
      fmt::format("access_token={}&expires_at={}&expires_in={}&refresh_token={}&sb=&token_type=bearer&type={}",
                  json["access_token"].string_or(""), json["expires_at"].integer().value_or(0),
                  json["expires_in"].integer().value_or(0), session->refresh_token, type);
  co_return http::redirect(with_fragment(target, fragment));
}

}  // namespace auth
