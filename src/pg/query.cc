// How a statement becomes units of work, and an answer becomes rows or an exception.
#include <fmt/core.h>

#include "pg/checkout.h"
#include "pg/sql.h"
#include "pg/types.h"

namespace pg {
namespace detail {

namespace {

constexpr int kAttempts = 3;  // of a unit that the server refused for reasons of concurrency
// Of one that found its statement not prepared: whoever was to prepare it, ahead on the pipeline, was stopped in that.
constexpr int kPreparations = 16;
constexpr const char* kBusy = "the database is busy with other statements";

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

// The server, not the statement, is what failed. 08P01 is a mistake in the caller's message and stays an error.
bool is_outage(std::string_view state) {
  return state == "57P01" || state == "57P02" || state == "57P03" || state == "57P04" || state == "57P05" ||
         state == "25P03" || state == "53300" || (state.starts_with("08") && state != "08P01");
}

bool needs_new_plan(const PipelineRequest& unit) {
  const std::string_view state = sqlstate(unit.answer.get());
  if (state == "26000") return true;
  return state == "0A000" && field(unit.answer.get(), PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery";
}

[[noreturn]] void refuse(std::string_view name, const PipelineRequest& unit) {
  const PGresult* const answer = unit.answer.get();
  // An outgrown plan reads as a statement that is not prepared: the whole transaction may try again.
  const std::string state(needs_new_plan(unit) ? "26000" : sqlstate(answer));
  if (state.empty() || is_outage(state)) throw Unavailable("the database is shutting down or starting");
  if (unit.gave_way && state == "57014") throw Unavailable(kBusy);
  throw Error(std::string(name), state, field(answer, PG_DIAG_MESSAGE_PRIMARY), field(answer, PG_DIAG_MESSAGE_DETAIL),
              field(answer, PG_DIAG_MESSAGE_HINT), field(answer, PG_DIAG_CONSTRAINT_NAME));
}

[[noreturn]] void give_up(const ConnectionPool& pool, const PipelineRequest& unit) {
  if (unit.outcome == Outcome::unsent) throw pool.none_free();
  throw Unavailable("the connection to the database was lost");
}

ResponseOverrides said_by(const PGresult* result) {
  if (result == nullptr || PQntuples(result) != 1) return {};
  return {.headers = PQgetvalue(result, 0, 0), .status = PQgetvalue(result, 0, 1)};
}

// Whether the server refused the unit for a reason that lies outside of it. All it did is undone, so it may run again.
bool may_run_again(const PipelineRequest& unit, int attempt) {
  // Who has left meanwhile asks no more: run again, most units would be out of a cancel's reach.
  const bool unwanted = unit.cancellable && core::task_context()->stop.stop_requested();
  if (unit.outcome != Outcome::error || unwanted) return false;
  if (needs_new_plan(unit)) return attempt < kPreparations;
  if (attempt >= kAttempts) return false;
  const std::string_view state = sqlstate(unit.answer.get());
  if (state == "40001" || state == "40P01") return true;
  return state == "57014" && unit.cancel_nearby && !unit.cancel_sent;  // it was meant for a neighbour
}

}  // namespace

Task<Rows> one_trip(std::shared_ptr<ConnectionPool> pool, As who, Sql sql, Params params, Columns columns,
                    const RequestSettings* frame) {
  refuse_unfit(sql, params);
  const Instant deadline = pool->deadline();
  const Role role = role_of(who);
  if (!columns.empty() && !pool->is_checked(sql.text)) {
    PipelineRequest question;
    question.who = &who;
    question.describe = true;
    question.role = role;
    question.text = sql.text;
    question.deadline = deadline;
    co_await pool->run(question);
    if (question.outcome == Outcome::error) refuse(sql.name, question);
    if (question.outcome != Outcome::ok) give_up(*pool, question);
    expect_types(sql.name, question.answer.get(), columns, params);
    pool->set_checked(sql.text);
  }
  const Instant enough = std::chrono::steady_clock::now() + statement_timeout(role);
  bool second_life = false;
  for (int attempt = 1;; ++attempt) {
    PipelineRequest unit;
    unit.who = &who;
    unit.frame = frame;
    unit.role = role;
    unit.text = sql.text;
    unit.params = &params;
    unit.deadline = deadline;
    unit.prepared = !second_life;
    unit.read_only = second_life;
    co_await pool->run(unit);
    if (unit.outcome == Outcome::ok) {
      expect_column_types(sql.name, unit.answer.get(), columns);
      if (frame != nullptr && frame->said != nullptr) *frame->said = said_by(unit.said.get());
      co_return Rows(sql.name, std::move(unit.answer));
    }
    if (unit.outcome == Outcome::error) {
      if (may_run_again(unit, attempt)) {
        if (std::chrono::steady_clock::now() < enough) continue;
        throw Unavailable(kBusy);
      }
      // What reads by its words called a function that writes: nobody knows whether the first attempt took effect.
      if (second_life && sqlstate(unit.answer.get()) == "25006") give_up(*pool, unit);
      refuse(sql.name, unit);
    }
    const bool unanswered =
        unit.outcome == Outcome::lost && (unit.answer == nullptr || is_outage(sqlstate(unit.answer.get())));
    if (!unanswered || second_life || !looks_read_only(sql.text)) give_up(*pool, unit);
    second_life = true;
  }
}

Task<Rows> in_transaction(Checkout& lease, Sql sql, Params params, Columns columns) {
  refuse_unfit(sql, params);
  const bool check = !columns.empty() && !lease.pool.is_checked(sql.text);
  for (const bool describe : {true, false}) {
    if (describe && !check) continue;
    PipelineRequest unit;
    if (!lease.open) unit.opens = unit.who = &lease.who;
    lease.open = true;
    unit.describe = describe;
    unit.prepared = true;
    unit.role = role_of(lease.who);
    unit.text = sql.text;
    unit.params = &params;
    co_await lease.pool.run_on(*lease.pipe, unit);
    if (unit.outcome == Outcome::error) refuse(sql.name, unit);
    if (unit.outcome != Outcome::ok) give_up(lease.pool, unit);
    if (describe) {
      expect_types(sql.name, unit.answer.get(), columns, params);
      lease.pool.set_checked(sql.text);
    } else {
      expect_column_types(sql.name, unit.answer.get(), columns);
      co_return Rows(sql.name, std::move(unit.answer));
    }
  }
  throw std::logic_error("unreachable");
}

Task<> finish(Checkout& lease, Sql verb) {
  const Params none;
  PipelineRequest unit;
  unit.role = role_of(lease.who);
  unit.text = verb.text;
  unit.params = &none;
  unit.cancellable = false;
  co_await lease.pool.run_on(*lease.pipe, unit);
  if (unit.outcome == Outcome::error) refuse(verb.name, unit);
  if (unit.outcome != Outcome::ok) give_up(lease.pool, unit);
  lease.open = false;
  // A transaction in which a statement failed answers `commit` with ROLLBACK: nobody may take that for a success.
  if (verb.text == "commit" && std::string_view(PQcmdStatus(const_cast<PGresult*>(unit.answer.get()))) != "COMMIT")
    throw Error(std::string(verb.name), "25P02", "the transaction was rolled back, since a statement of it failed", "",
                "", "");
}

}  // namespace detail

Task<Rows> ImplicitTransaction::query(const Sql& sql, Params params, Columns columns) const {
  return detail::one_trip(pool_->shared_from_this(), who_, sql, std::move(params), columns);
}

Task<Rows> ImplicitTransaction::rows(const Sql& sql, Params params, const RequestSettings& frame) {
  return detail::one_trip(pool_->shared_from_this(), who_, sql, std::move(params), {}, &frame);
}

Task<Rows> Tx::query(const Sql& sql, Params params, Columns columns) {
  return detail::in_transaction(*checkout_, sql, std::move(params), columns);
}

}  // namespace pg
