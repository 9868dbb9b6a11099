#include "rest/answer/fault.h"

#include <algorithm>
#include <array>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "html/messages.h"
#include "rest/answer/said.h"
#include "rest/rest.h"

namespace rest {
namespace {

// By the longest prefix that fits; spec 8. 0: judged by what the error says.
struct Mapped {
  std::string_view prefix;
  int status;
};
constexpr std::array kStatuses{
    Mapped{"25006", 405}, Mapped{"42883", 404}, Mapped{"42P01", 404}, Mapped{"42P17", 500}, Mapped{"42501", 403},
    Mapped{"23503", 409}, Mapped{"23505", 409}, Mapped{"57P01", 503}, Mapped{"53400", 500}, Mapped{"P0001", 400},
    Mapped{"08", 503},    Mapped{"09", 500},    Mapped{"0L", 403},    Mapped{"0P", 403},    Mapped{"21000", 500},
    Mapped{"25", 500},    Mapped{"28", 403},    Mapped{"2D", 500},    Mapped{"38", 500},    Mapped{"39", 500},
    Mapped{"3B", 500},    Mapped{"40", 500},    Mapped{"53", 503},    Mapped{"54", 500},    Mapped{"55", 500},
    Mapped{"57", 500},    Mapped{"58", 500},    Mapped{"F0", 500},    Mapped{"HV", 500},    Mapped{"P0", 500},
    Mapped{"XX", 500},
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

Fault unreadable() {
  return {
      500, "PGRST121", "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error", "null",
      json_string("DETAIL must be a JSON object with a status and may have headers, MESSAGE one with code, message, "
                  "details and hint.")};
}

// RAISE SQLSTATE 'PGRST': message and detail are JSON that says all of the answer.
Fault raised(const pg::Error& e) {
  const auto body = core::Json::parse(e.what());
  const auto rest = core::Json::parse(e.detail);
  const auto status = rest ? (*rest)["status"].integer() : std::nullopt;
  if (!body || !body->is_object() || !status || *status < 200 || *status > 599) return unreadable();
  Fault out(static_cast<int>(*status), (*body)["code"].string_or(""), (*body)["message"].string_or(""),
            (*body)["details"].dump(), (*body)["hint"].dump());
  if (rest->has("headers") && !(*rest)["headers"].is_object()) return unreadable();
  for (const auto& [name, value] : (*rest)["headers"].members()) {
    if (!value.is_string() || !may_say(name, value.string_or(""))) return unreadable();
    out.headers.emplace_back(name, value.string_or(""));
  }
  return fits_a_head(out.headers) ? out : unreadable();
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out;
  core::append_json_string(out, text);
  return out;
}

http::Response answer(const Fault& fault) {
  core::JsonWriter w;
  w.begin().field("code", fault.code).key("details").raw(fault.details).key("hint").raw(fault.hint);
  w.field("message", fault.message).end();
  http::Response response = http::json(w.take(), fault.status);
  if (fault.status == 401) response.headers.set("WWW-Authenticate", "Bearer");
  if (fault.status == 503) response.headers.set("Retry-After", "1");
  for (const auto& [name, value] : fault.headers) response.headers.set(name, value);
  return response;
}

Fault outage() { return {503, "PGRST001", "Database connection error. Retrying the connection."}; }

http::Response wire_problem(const core::Problem& problem) {
  const bool unknown_method = problem.status == 501 || problem.status == 405;
  http::Response response = unknown_method ? answer(Fault(405, "PGRST117", "Unsupported HTTP method"))
                            : problem.code == "unavailable"
                                ? answer(outage())
                                : answer(Fault(problem.status, problem.code, html::message("en", problem)));
  for (const auto& [name, value] : problem.headers) response.headers.set(name, value);
  return response;
}

Fault meaning_of(const pg::Error& error, bool anonymous) {
  if (error.sqlstate == "PGRST") return raised(error);
  const int status = status_of(error, anonymous);
  if (status >= 500) core::log::warn("rest.statement.failed", {{"state", error.sqlstate}, {"what", error.what()}});
  return {status, error.sqlstate, error.what(), or_null(error.detail), or_null(error.hint)};
}

}  // namespace rest
