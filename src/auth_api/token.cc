// POST /auth/v1/token?grant_type=…
#include "access/client_info.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "core/log.h"
#include "identity/accounts.h"
#include "identity/audit_log.h"
#include "identity/rate_limits.h"
#include "oauth/id_token.h"
#include "oauth/provider_discovery.h"

namespace auth_api {
namespace {

Task<Response> by_password(AuthApi& api, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string email = text_of(body, "email");
  const std::string password = text_of(body, "password");
  if (email.empty() && !text_of(body, "phone").empty())
    throw HttpError(400, "phone_provider_disabled", "Phone logins are disabled");
  if (email.empty()) throw HttpError(400, "validation_failed", "missing email or phone");
  const identity::Session session =
      co_await identity::sign_in(api.identity, email, password, access_control::client_info_of(rq));
  co_return session_response(session);
}

Task<Response> by_refresh_token(AuthApi& api, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string refresh_token = text_of(body, "refresh_token");
  co_await identity::enforce_rate_limit(api.identity, identity::kRefreshRate, rq.client_ip);
  const identity::Refreshed done =
      co_await identity::refresh(api.identity, refresh_token, access_control::client_info_of(rq));
  if (const auto* fault = std::get_if<identity::RefreshFault>(&done)) throw identity::problem_of(*fault);
  co_return session_response(std::get<identity::Session>(done));
}

Task<Response> by_code(AuthApi& api, Request& rq) {
  const core::Json body = object_body(rq);
  const std::string code = text_of(body, "auth_code");
  const std::string verifier = text_of(body, "code_verifier");
  if (code.empty() || verifier.empty())
    throw HttpError(400, "validation_failed", "invalid request: both auth code and code verifier should be non-empty");
  co_await identity::enforce_rate_limit(api.identity, identity::kSignInRate, rq.client_ip);
  const identity::Session session =
      co_await identity::exchange_code(api.identity, code, verifier, access_control::client_info_of(rq));
  co_return session_response(session);
}

// RFC 6749 section 5.2, the error format of this grant alone.
Response oauth_error(std::string_view error, std::string_view description) {
  core::JsonWriter body;
  body.begin().field("error", error).field("error_description", description).end();
  return http::json(body.take(), 400);
}

// For clients that obtained the provider's ID token themselves.
Task<Response> by_id_token(AuthApi& api, Request& rq) {
  const core::Json body = object_body(rq);
  oauth::IdTokenGrant grant{text_of(body, "provider"), text_of(body, "id_token"), text_of(body, "access_token"),
                            text_of(body, "nonce")};
  if (grant.id_token.empty()) co_return oauth_error("invalid request", "id_token required");
  if (grant.provider.empty()) co_return oauth_error("invalid request", "provider or client_id and issuer required");
  const identity::ClientInfo from = access_control::client_info_of(rq);
  std::optional<Response> refusal;
  try {
    const identity::Session session = co_await oauth::sign_in_by_id_token(api.oauth, std::move(grant), from);
    co_return session_response(session);
  } catch (const oauth::NonceFault& fault) {
    core::log::info("auth_api.id_token.refused", {{"why", fault.what()}});
    if (fault.kind == oauth::NonceFault::Kind::differ) refusal = oauth_error("invalid nonce", "Nonces mismatch");
    else
      refusal = oauth_error("invalid request", "Passed nonce and nonce in id_token should either both exist or not.");
  } catch (const oauth::IdTokenFault& fault) {
    core::log::info("auth_api.id_token.refused", {{"why", fault.what()}});
    refusal = oauth_error("invalid request", "Bad ID token");
  } catch (const oauth::ProviderFault& fault) {
    core::log::warn("auth_api.provider.failed", {{"why", fault.what()}});
    throw HttpError(503, "unexpected_failure", "The provider does not answer at the moment");
  }
  co_await identity::audit_refusal(api.identity, "login_refused", "bad_id_token", std::nullopt, from);
  co_return std::move(*refusal);
}

}  // namespace

Task<Response> token(AuthApi& api, Request& rq) {
  const std::string_view grant = rq.query("grant_type").value_or("");
  if (grant == "password") co_return co_await by_password(api, rq);
  if (grant == "refresh_token") co_return co_await by_refresh_token(api, rq);
  if (grant == "pkce") co_return co_await by_code(api, rq);
  if (grant == "id_token") co_return co_await by_id_token(api, rq);
  throw HttpError(400, "invalid_credentials", "unsupported_grant_type");
}

}  // namespace auth_api
