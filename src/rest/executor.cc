#include "rest/executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/json.h"
#include "core/text.h"
#include "rest/error.h"
#include "rest/sql/guard.h"

namespace rest {
namespace {

// Names in lower case; the values of equal names joined, as HTTP defines it.
std::string headers_json(const http::Headers& headers) {
  std::vector<std::pair<std::string, std::string>> joined;
  for (const auto& [name, value] : headers.all()) {
    std::string low = core::lower(name);
    const auto same = std::ranges::find(joined, low, &std::pair<std::string, std::string>::first);
    if (same == joined.end()) joined.emplace_back(std::move(low), value);
    else same->second.append(", ").append(value);
  }
  core::JsonWriter w;
  w.begin();
  for (const auto& [name, value] : joined) w.field(name, value);
  w.end();
  return w.take();
}

std::string cookies_json(const http::Headers& headers) {
  core::JsonWriter w;
  w.begin();
  for (std::string_view one : core::split(headers.get("cookie"), ';')) {
    const std::size_t equals = one.find('=');
    if (equals != std::string_view::npos)
      w.field(core::trim(one.substr(0, equals)), core::trim(one.substr(equals + 1)));
  }
  w.end();
  return w.take();
}

pg::RequestSettings settings_of(const Request& request) {
  const http::Request& rq = request.http;
  pg::RequestSettings out;
  out.read_only = request.is_read();
  out.most_bytes = request.config.max_response;
  out.search_path = SqlText().name(request.schema).text();
  if (!request.config.search_path.empty()) out.search_path += ", " + request.config.search_path;
  out.method = std::string(http::name_of(rq.method));
  out.path = rq.path.size() > 8 ? rq.path.substr(8) : "/";  // without /rest/v1
  out.headers = headers_json(rq.headers);
  out.cookies = cookies_json(rq.headers);
  return out;
}

Error error_of(const GuardFailure& failure) {
  if (failure.code == "too_large") return response_too_large();
  if (failure.code == "PGRST116") return not_a_single_object(failure.number);
  if (failure.code == "PGRST115") return primary_key_mismatch();
  return {400, "PGRST124", "Query result exceeds max-affected preference constraint",
          json_string(fmt::format("The query affects {} rows", failure.number))};
}

constexpr pg::Sql kRequestSettings{"rest.request_settings", R"sql(
  select set_config('search_path', $1, true), set_config('request.method', $2, true),
         set_config('request.path', $3, true), set_config('request.headers', $4, true),
         set_config('request.cookies', $5, true), set_config('transaction_read_only', $6, true),
         set_config('response.headers', '', true), set_config('response.status', '', true)
)sql"};

constexpr pg::Sql kResponseOverrides{"rest.response_overrides", R"sql(
  select current_setting('response.headers', true), current_setting('response.status', true)
)sql"};

// Thrown to roll a transaction back after its rows were read.
struct RolledBack {
  pg::Rows rows;
};

Task<> run_and_roll_back(pg::Tx& tx, const pg::RequestSettings* settings, const SqlText* sql) {
  const std::string read_only = settings->read_only ? "on" : "off";
  co_await tx.run(kRequestSettings, settings->search_path, settings->method, settings->path, settings->headers,
                  settings->cookies, read_only);
  const pg::Sql statement{"rest.request", sql->text()};
  RolledBack result{co_await tx.rows(statement, sql->params())};
  if (settings->overrides != nullptr) *settings->overrides = co_await tx.one<pg::ResponseOverrides>(kResponseOverrides);
  throw result;
}

}  // namespace

Executor::Executor(pg::Db& db, const Request& request)
    : db_(db),
      role_(pg::as_claims(request.http.caller.role, request.http.caller.claims)),
      settings_(settings_of(request)),
      rolls_back_(request.preferences.transaction == Preferences::Transaction::rollback) {
  if (!request.is_read() || request.calls_routine()) settings_.overrides = &overrides_;
}

Task<pg::Rows> Executor::run(const SqlText& sql) {
  const pg::Sql statement{"rest.request", sql.text()};
  try {
    if (rolls_back_) co_await db_.in(role_, run_and_roll_back, &settings_, &sql);
    co_return co_await db_.as(role_).rows(statement, sql.params(), settings_);
  } catch (const RolledBack& result) {
    co_return result.rows;
  } catch (const pg::ResultTooLarge&) {
    throw response_too_large();
  } catch (const pg::Error& e) {
    const auto failure = parse_guard_failure(e.sqlstate, e.what());
    if (!failure) throw;
    throw error_of(*failure);
  }
}

}  // namespace rest
