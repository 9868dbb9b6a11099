#include "rest/response/error_response.h"

#include <array>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "html/messages.h"
#include "rest/response/response_overrides.h"

namespace rest {
namespace {

// HTTP statuses by SQLSTATE; the first matching prefix counts (docs/spec/supabase-data-api.md 8).
struct Mapped {
  std::string_view prefix;
  int status;
};
constexpr std::array kStatuses{
    Mapped{"25006", 405}, Mapped{"42883", 404}, Mapped{"42P01", 404}, Mapped{"42P17", 500}, Mapped{"42501", 403},
    Mapped{"23503", 409}, Mapped{"23505", 409}, Mapped{"57P01", 503}, Mapped{"53400", 500}, Mapped{"P0001", 400},
    Mapped{"08", 503},    Mapped{"09", 500},    Mapped{"0L", 403},    Mapped{"0P", 403},    Mapped{"21000", 500},
    Mapped{"25", 500},    Mapped{"28", 403},    Mapped{"2D", 500},    Mapped{"38", 500},    Mapped{"39", 500},
    Mapped{"3B", 500},    Mapped{"40", 500},    Mapped{"53", 503},    Mapped{"54", 500},    Mapped{"55P03", 503},
    Mapped{"55", 500},    Mapped{"57", 500},    Mapped{"58", 500},    Mapped{"F0", 500},    Mapped{"HV", 500},
    Mapped{"P0", 500},    Mapped{"XX", 500},
};

int status_of(const pg::Error& e, bool anonymous) {
  const std::string_view state = e.sqlstate;
  const std::string_view message = e.what();
  if (state == "42501" && anonymous) return 401;
  if (state == "21000" && message.ends_with("requires a WHERE clause")) return 400;
  if (state == "22023" && message.starts_with("role \"") && message.ends_with("does not exist")) return 401;
  if (state.size() == 5 && state.starts_with("PT")) {
    const auto status = core::parse_int(state.substr(2));
    return status && *status >= 200 && *status < 600 ? static_cast<int>(*status) : 500;
  }
  for (const Mapped& one : kStatuses)
    if (state.starts_with(one.prefix)) return one.status;
  return 400;
}

std::string or_null(std::string_view text) { return text.empty() ? "null" : json_string(text); }

Error invalid_raise() {
  return {
      500, "PGRST121", "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error", "null",
      json_string("DETAIL must be a JSON object with a status and may have headers, MESSAGE one with code, message, "
                  "details and hint.")};
}

// RAISE SQLSTATE 'PGRST': message and detail are the whole response as JSON.
Error parse_raised(const pg::Error& e) {
  const auto body = core::Json::parse(e.what());
  const auto detail = core::Json::parse(e.detail);
  const auto status = detail ? (*detail)["status"].integer() : std::nullopt;
  if (!body || !body->is_object() || !status || *status < 200 || *status > 599) return invalid_raise();
  Error out(static_cast<int>(*status), (*body)["code"].string_or(""), (*body)["message"].string_or(""),
            (*body)["details"].dump(), (*body)["hint"].dump());
  if (detail->has("headers") && !(*detail)["headers"].is_object()) return invalid_raise();
  for (const auto& [name, value] : (*detail)["headers"].members()) {
    if (!value.is_string() || !is_overridable_header(name, value.string_or(""))) return invalid_raise();
    out.headers.emplace_back(name, value.string_or(""));
  }
  return within_header_limits(out.headers) ? out : invalid_raise();
}

}  // namespace

http::Response error_response(const Error& error) {
  core::JsonWriter w;
  w.begin().field("code", error.code).key("details").raw(error.details).key("hint").raw(error.hint);
  w.field("message", error.message).end();
  http::Response response = http::json(w.take(), error.status);
  if (error.status == 401) response.headers.set("WWW-Authenticate", "Bearer");
  if (error.status == 503 || error.status == 429) response.headers.set("Retry-After", "1");
  for (const auto& [name, value] : error.headers) response.headers.set(name, value);
  return response;
}

Error from_postgres(const pg::Error& error, bool anonymous) {
  if (error.sqlstate == "PGRST") return parse_raised(error);
  const int status = status_of(error, anonymous);
  if (status >= 500) core::log::warn("rest.statement.failed", {{"state", error.sqlstate}, {"what", error.what()}});
  return {status, error.sqlstate, error.what(), or_null(error.detail), or_null(error.hint)};
}

Error from_unavailable(const pg::Unavailable& error) {
  if (error.why == pg::Unavailable::Why::over_share)
    return {429, "too_many_requests", "Too many of your requests are under way. Send fewer at a time."};
  if (error.why == pg::Unavailable::Why::none_free)
    return {504, "PGRST003", "Timed out acquiring connection from connection pool."};
  return no_connection();
}

Error from_problem(const core::Problem& problem) {
  if (problem.status == 501 || problem.status == 405) return {405, "PGRST117", "Unsupported HTTP method"};
  Error out = problem.code == "unavailable" ? no_connection()
                                            : Error(problem.status, problem.code, html::message("en", problem));
  out.headers = problem.headers;
  return out;
}

http::Response format_problem(const http::Request&, const core::Problem& problem) {
  return error_response(from_problem(problem));
}

Error current_error(bool anonymous) {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const pg::Error& error) {
    return from_postgres(error, anonymous);
  } catch (const pg::Unavailable& error) {
    return from_unavailable(error);
  } catch (const core::Problem& problem) {
    return from_problem(problem);
  }
}

}  // namespace rest
