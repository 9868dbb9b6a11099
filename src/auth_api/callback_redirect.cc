#include "auth_api/callback_redirect.h"

#include <algorithm>

#include "auth_api/error.h"
#include "core/text.h"

namespace auth_api {
namespace {

std::string encoded(const Pairs& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += (out.empty() ? "" : "&") + core::percent_encode(name) + "=" + core::percent_encode(value);
  return out;
}

// GoTrue's oauthErrorMap, with the codes that it always reports as a denial.
std::string_view error_name(const core::Problem& problem) {
  for (const std::string_view denied : {"signup_disabled", "user_banned", "provider_email_needs_verification"})
    if (problem.code == denied) return "access_denied";
  switch (problem.status) {
    case 400: return "invalid_request";
    case 401: return "unauthorized_client";
    case 403: return "access_denied";
    case 503: return "temporarily_unavailable";
    default: return "server_error";
  }
}

}  // namespace

std::string with_query(std::string_view target, const Pairs& fields) {
  std::string out(target.substr(0, target.find('#')));
  if (!out.contains('?')) out += '?';
  else if (!out.ends_with('?') && !out.ends_with('&')) out += '&';
  return out + encoded(fields);
}

std::string with_fragment(std::string_view target, const Pairs& fields) {
  return std::string(target.substr(0, target.find('#'))) + "#" + encoded(fields);
}

std::string with_session(std::string_view target, const identity::Session& session, Pairs extra) {
  const core::Json json = core::Json::parse(session.json).value_or(core::Json());
  Pairs fields = std::move(extra);
  fields.emplace_back("access_token", json["access_token"].string_or(""));
  fields.emplace_back("expires_at", std::to_string(json["expires_at"].integer().value_or(0)));
  fields.emplace_back("expires_in", std::to_string(json["expires_in"].integer().value_or(0)));
  fields.emplace_back("refresh_token", session.refresh_token);
  fields.emplace_back("sb", "");
  fields.emplace_back("token_type", "bearer");
  std::ranges::sort(fields);
  return with_fragment(target, fields);
}

std::string with_error(std::string_view target, std::string_view error, std::string_view code,
                       std::string_view description, ErrorIn where) {
  Pairs fields{{"error", std::string(error)},
               {"error_code", std::string(code)},
               {"error_description", std::string(description)}};
  const std::string queried = where == ErrorIn::fragment ? std::string(target) : with_query(target, fields);
  fields.emplace_back("sb", "");
  return with_fragment(queried, fields);
}

std::string with_error(std::string_view target, const core::Problem& problem, ErrorIn where) {
  return with_error(target, error_name(problem), problem.code, gotrue_message(problem), where);
}

}  // namespace auth_api
