// GoTrue's two error formats (docs/spec/supabase-auth.md 2), chosen by the X-Supabase-Api-Version header.
#include "auth_api/auth_api.h"
#include "auth_api/error.h"
#include "identity/passwords.h"

namespace auth_api {
namespace {

constexpr std::string_view kVersion = "2024-01-01";

// The header is a date; anything else selects the oldest format.
bool asks_new_format(const http::Request& rq) {
  const std::string_view date = rq.header("x-supabase-api-version");
  if (date.size() != 10 || date[4] != '-' || date[7] != '-') return false;
  for (const std::size_t i : {0, 1, 2, 3, 5, 6, 8, 9})
    if (date[i] < '0' || date[i] > '9') return false;
  return date >= kVersion;
}

}  // namespace

http::Response error_response(const http::Request& rq, const core::Problem& problem) {
  const std::string code = problem.code == "internal" ? "unexpected_failure" : problem.code;
  const std::string message = gotrue_message(problem);
  const bool is_new = asks_new_format(rq);
  core::JsonWriter body;
  body.begin();
  if (is_new) body.field("code", code).field("message", message);
  else body.field("code", problem.status).field("error_code", code).field("msg", message);
  if (!is_new && problem.status >= 500) body.field("error_id", rq.request_id);
  if (const auto* weak = dynamic_cast<const identity::WeakPassword*>(&problem)) {
    body.key("weak_password").begin().key("reasons").begin_array();
    for (const std::string& reason : weak->reasons) body.value(reason);
    body.end_array().end();
  }
  body.end();
  http::Response response = http::json(body.take(), problem.status);
  response.headers.set("x-sb-error-code", code);
  if (is_new) response.headers.set("X-Supabase-Api-Version", std::string(kVersion));
  for (const auto& [name, value] : problem.headers) response.headers.set(name, value);
  return response;
}

}  // namespace auth_api
