// GET and POST /auth/v1/callback: the return from the provider, by link or by form. Whatever happens, the browser is
// redirected to where the flow began, with a code, a session or an error.
#include "access/client_info.h"
#include "auth_api/callback_redirect.h"
#include "auth_api/endpoints.h"
#include "core/log.h"
#include "core/text.h"
#include "identity/audit_log.h"
#include "identity/rate_limits.h"

namespace auth_api {
namespace {

std::string field(const Request& rq, std::string_view name) {
  const std::string_view value = rq.method == http::Method::post ? rq.form(name) : rq.query(name).value_or("");
  return std::string(value);
}

std::string location_of(const oauth::FlowState& flow, const oauth::CompletedSignIn& done) {
  if (!done.session) return with_query(flow.redirect_to, {{"code", done.code}});
  Pairs extra;
  if (!done.profile.refresh_token.empty()) extra.emplace_back("provider_refresh_token", done.profile.refresh_token);
  extra.emplace_back("provider_token", done.profile.access_token);
  return with_session(flow.redirect_to, *done.session, std::move(extra));
}

// The provider's own refusal in its own words, bounded because anybody can send them.
std::string provider_refusal(const oauth::FlowState& flow, const Request& rq) {
  const std::string error = field(rq, "error").substr(0, 100);
  std::string description = field(rq, "error_description").substr(0, 500);
  if (description.empty() || !core::valid_utf8(description)) description = "The provider refused the sign-in";
  return with_error(flow.redirect_to, error, "bad_oauth_callback", description);
}

// RFC 9207: a provider that names itself must be the one that was asked.
bool is_wrong_issuer(const AuthApi& api, const oauth::FlowState& flow, const Request& rq) {
  using oauth::Provider;
  const std::string issuer = field(rq, "iss");
  const Provider* provider = oauth::find(api.oauth.config.providers, flow.provider);
  return !issuer.empty() && provider != nullptr && provider->kind == Provider::Kind::oidc && issuer != provider->issuer;
}

}  // namespace

Task<Response> callback(AuthApi& api, Request& rq) {
  co_await identity::enforce_rate_limit(api.identity, identity::kOauthRate, rq.client_ip);
  const auto state = core::Uuid::parse(field(rq, "state"));
  std::optional<oauth::ReturnedFlow> returned;
  if (state) returned = co_await oauth::consume_flow(api.identity, *state);
  const core::Problem bad_state(400, "oauth.bad_oauth_state");
  if (!returned) co_return http::redirect(with_error(api.access.site_url, bad_state));
  const oauth::FlowState& flow = returned->flow;
  if (!returned->good || is_wrong_issuer(api, flow, rq))
    co_return http::redirect(with_error(flow.redirect_to, bad_state));
  if (!field(rq, "error").empty()) co_return http::redirect(provider_refusal(flow, rq));
  std::string location;
  std::string refused;
  const identity::ClientInfo from = access_control::client_info_of(rq);
  try {
    const oauth::CompletedSignIn done = co_await oauth::complete_sign_in(api.oauth, flow, field(rq, "code"), from);
    location = location_of(flow, done);
    core::log::info("auth_api.callback.completed", {{"provider", flow.provider}});
  } catch (const core::Problem& problem) {
    core::log::info("auth_api.callback.refused", {{"provider", flow.provider}, {"code", problem.code}});
    location = with_error(flow.redirect_to, problem);
    refused = problem.code;
  }
  if (!refused.empty()) co_await identity::audit_refusal(api.identity, "login_refused", refused, flow.linking_to, from);
  co_return http::redirect(location);
}

}  // namespace auth_api
