// Statements to pipeline requests; results to rows or exceptions; retries.
#include <fmt/core.h>

#include "pg/checkout.h"
#include "pg/statement_check.h"
#include "pg/types.h"

namespace pg {
namespace detail {

namespace {

constexpr int kAttempts = 3;  // of a request that failed by a conflict
// Of one whose statement was not prepared: the request ahead on the pipeline that was to prepare it was cancelled.
constexpr int kPreparations = 16;
constexpr const char* kBusy = "the database is busy with other statements";

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

// The server failed, not the statement. 08P01 is a protocol mistake of ours and stays an Error.
bool is_outage(std::string_view state) {
  return state == "57P01" || state == "57P02" || state == "57P03" || state == "57P04" || state == "57P05" ||
         state == "25P03" || state == "53300" || (state.starts_with("08") && state != "08P01");
}

bool needs_new_plan(const PipelineRequest& request) {
  const std::string_view state = sqlstate(request.result.get());
  if (state == "26000") return true;
  return state == "0A000" && field(request.result.get(), PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery";
}

[[noreturn]] void refuse(std::string_view name, const PipelineRequest& request) {
  const PGresult* const answer = request.result.get();
  // A stale plan is reported as an unprepared statement, so that the whole transaction is retried.
  const std::string state(needs_new_plan(request) ? "26000" : sqlstate(answer));
  if (state.empty() || is_outage(state)) throw Unavailable("the database is shutting down or starting");
  if (request.yielded && state == "57014") throw Unavailable(kBusy);
  throw Error(std::string(name), state, field(answer, PG_DIAG_MESSAGE_PRIMARY), field(answer, PG_DIAG_MESSAGE_DETAIL),
              field(answer, PG_DIAG_MESSAGE_HINT), field(answer, PG_DIAG_CONSTRAINT_NAME));
}

[[noreturn]] void give_up(const ConnectionPool& pool, const PipelineRequest& request) {
  if (request.outcome == Outcome::unsent) throw pool.none_free(request);
  throw Unavailable("the connection to the database was lost");
}

ResponseOverrides read_overrides(const PGresult* result) {
  if (result == nullptr || PQntuples(result) != 1) return {};
  return {.headers = PQgetvalue(result, 0, 0), .status = PQgetvalue(result, 0, 1)};
}

// True when the failure was caused by other requests. Its effects were rolled back, so it may run again.
bool may_run_again(const PipelineRequest& request, int attempt) {
  // Do not retry for a client that disconnected.
  const bool unwanted = request.cancellable && core::task_context()->stop.stop_requested();
  if (request.outcome != Outcome::error || unwanted) return false;
  if (needs_new_plan(request)) return attempt < kPreparations;
  if (attempt >= kAttempts) return false;
  const std::string_view state = sqlstate(request.result.get());
  if (state == "40001" || state == "40P01") return true;
  if (state != "57014") return false;
  return request.parted || (request.cancel_nearby && !request.cancel_sent);  // meant for another request
}

}  // namespace

Task<Rows> one_trip(std::shared_ptr<ConnectionPool> pool, As who, Sql sql, Params params, Columns columns,
                    const RequestSettings* settings) {
  reject_unsafe(sql, params);
  const Instant deadline = pool->deadline();
  const Role role = role_of(who);
  if (!columns.empty() && !pool->is_checked(sql.text)) {
    PipelineRequest describe;
    describe.who = &who;
    describe.describe = true;
    describe.role = role;
    describe.text = sql.text;
    describe.deadline = deadline;
    co_await pool->run(describe);
    if (describe.outcome == Outcome::error) refuse(sql.name, describe);
    if (describe.outcome != Outcome::ok) give_up(*pool, describe);
    expect_types(sql.name, describe.result.get(), columns, params);
    pool->set_checked(sql.text);
  }
  const Instant retry_until = std::chrono::steady_clock::now() + statement_timeout(role);
  bool is_retry = false;
  for (int attempt = 1;; ++attempt) {
    PipelineRequest request;
    request.who = &who;
    request.settings = settings;
    request.role = role;
    request.text = sql.text;
    request.params = &params;
    request.deadline = attempt == 1 || is_retry ? deadline : pool->deadline();
    request.most_bytes = settings == nullptr ? 0 : settings->most_bytes;
    request.prepared = !is_retry;
    request.read_only = is_retry;
    co_await pool->run(request);
    if (request.too_large) throw ResultTooLarge(std::string(sql.name) + ": the result is too large");
    if (request.outcome == Outcome::ok) {
      expect_column_types(sql.name, request.result.get(), columns);
      if (settings != nullptr && settings->overrides != nullptr)
        *settings->overrides = read_overrides(request.overrides.get());
      co_return Rows(sql.name, std::move(request.result));
    }
    if (request.outcome == Outcome::error) {
      if (may_run_again(request, attempt)) {
        if (std::chrono::steady_clock::now() < retry_until) continue;
        throw Unavailable(kBusy);
      }
      // A select called a function that writes: whether the first attempt took effect is unknown.
      if (is_retry && sqlstate(request.result.get()) == "25006") give_up(*pool, request);
      refuse(sql.name, request);
    }
    const bool unanswered =
        request.outcome == Outcome::lost && (request.result == nullptr || is_outage(sqlstate(request.result.get())));
    if (!unanswered || is_retry || !looks_read_only(sql.text)) give_up(*pool, request);
    is_retry = true;
  }
}

Task<Rows> in_transaction(Checkout& checkout, Sql sql, Params params, Columns columns) {
  reject_unsafe(sql, params);
  const bool check = !columns.empty() && !checkout.pool.is_checked(sql.text);
  for (const bool describe : {true, false}) {
    if (describe && !check) continue;
    PipelineRequest request;
    if (!checkout.open) request.begins = request.who = &checkout.who;
    checkout.open = true;
    request.describe = describe;
    request.prepared = true;
    request.role = role_of(checkout.who);
    request.text = sql.text;
    request.params = &params;
    co_await checkout.pool.run_on(*checkout.connection, request);
    if (request.outcome == Outcome::error) refuse(sql.name, request);
    if (request.outcome != Outcome::ok) give_up(checkout.pool, request);
    if (describe) {
      expect_types(sql.name, request.result.get(), columns, params);
      checkout.pool.set_checked(sql.text);
    } else {
      expect_column_types(sql.name, request.result.get(), columns);
      co_return Rows(sql.name, std::move(request.result));
    }
  }
  throw std::logic_error("unreachable");
}

Task<> finish(Checkout& checkout, Sql verb) {
  const Params none;
  PipelineRequest request;
  request.role = role_of(checkout.who);
  request.text = verb.text;
  request.params = &none;
  request.cancellable = false;
  co_await checkout.pool.run_on(*checkout.connection, request);
  if (request.outcome == Outcome::error) refuse(verb.name, request);
  if (request.outcome != Outcome::ok) give_up(checkout.pool, request);
  checkout.open = false;
  // Postgres answers `commit` with ROLLBACK after a failed statement; that must not pass for success.
  if (verb.text == "commit" && std::string_view(PQcmdStatus(const_cast<PGresult*>(request.result.get()))) != "COMMIT")
    throw Error(std::string(verb.name), "25P02", "the transaction was rolled back because one of its statements failed",
                "", "", "");
}

}  // namespace detail

Task<Rows> ImplicitTransaction::query(const Sql& sql, Params params, Columns columns) const {
  return detail::one_trip(pool_->shared_from_this(), who_, sql, std::move(params), columns);
}

Task<Rows> ImplicitTransaction::rows(const Sql& sql, Params params, const RequestSettings& settings) {
  return detail::one_trip(pool_->shared_from_this(), who_, sql, std::move(params), {}, &settings);
}

Task<Rows> Tx::query(const Sql& sql, Params params, Columns columns) {
  return detail::in_transaction(*checkout_, sql, std::move(params), columns);
}

}  // namespace pg
