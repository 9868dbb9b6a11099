#include "auth/oauth/back.h"

#include "core/text.h"
#include "html/messages.h"

namespace auth::oauth {
namespace {

std::string encoded(const Pairs& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += (out.empty() ? "" : "&") + core::percent_encode(name) + "=" + core::percent_encode(value);
  return out;
}

std::string_view error_name(int status) {
  switch (status) {
    case 400: return "invalid_request";
    case 401: return "unauthorized_client";
    case 500: return "server_error";
    case 503: return "temporarily_unavailable";
    default: return "access_denied";
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

std::string with_error(std::string_view target, std::string_view error, std::string_view code,
                       std::string_view description) {
  Pairs fields{{"error", std::string(error)},
               {"error_code", std::string(code)},
               {"error_description", std::string(description)}};
  const std::string queried = with_query(target, fields);
  fields.emplace_back("sb", "");
  return with_fragment(queried, fields);
}

std::string with_error(std::string_view target, const core::Problem& problem) {
  return with_error(target, error_name(problem.status), problem.code, html::message("en", problem));
}

}  // namespace auth::oauth
