// One connection in libpq's pipeline mode: sends requests, matches results to them in order, caches prepared
// statements. Private to pg/.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "pg/callers.h"
#include "pg/pg_connection.h"
#include "pg/pipeline_request.h"

namespace pg::detail {

class PipelinedConnection : public std::enable_shared_from_this<PipelinedConnection> {
 public:
  enum class Use : std::uint8_t { shared, exclusive };  // an exclusive one may stay in a transaction after a Sync

  // Notified of finished requests and of the connection's end. Outlives the connection, or detaches it.
  struct Owner {
    virtual void finished(PipelineRequest& request) = 0;
    virtual void went_down(PipelinedConnection& connection, const std::string& why) = 0;
    virtual void settled() = 0;  // after each batch of results: resume waiting coroutines, send more
   protected:
    ~Owner() = default;
  };

  PipelinedConnection(core::Loop& loop, core::BlockingPool& helper, Owner& owner, Use use, const Config& config);
  ~PipelinedConnection();
  void connect(const core::Secret& url, PgConnection::Done done);
  void send(PipelineRequest& request);
  // Closes the connection; requests under way are lost.
  void drop(std::string why);
  void detach() { owner_ = nullptr; }
  void cancel_first();

  bool is_up() const { return up_; }
  std::size_t in_flight() const { return in_flight_.size(); }
  PipelineRequest* first() { return in_flight_.empty() ? nullptr : in_flight_.front().request; }
  // How long the first request has been waiting for its result.
  milliseconds first_age(Instant now) const;
  // True from the moment its first request is slow until the pipeline is empty.
  bool is_stalled(Instant now);
  // True while it carries requests of a slow caller. They are alone on it.
  bool has_slow_caller(Instant now) {
    const PipelineRequest* const request = first();
    return request != nullptr && request->caller != nullptr && request->caller->is_slow(now);
  }
  // True when requests of other callers wait behind the first.
  bool carries_others() const;
  bool is_idle() const { return up_ && in_flight_.empty() && PQtransactionStatus(connection_->conn()) == PQTRANS_IDLE; }
  Instant last_received() const { return last_received_; }
  Instant last_cancel() const { return last_cancel_; }

 private:
  enum class Step : std::uint8_t { begin, setup, prepare, describe, execute, overrides, sync };
  struct Pending {
    PipelineRequest* request = nullptr;  // null: housekeeping, whose result is dropped
    std::array<Step, 6> steps{};
    std::uint8_t count = 0;
    std::uint8_t at = 0;
    bool failed = false;
    bool got_null = false;        // libpq may end a failed step with one null; a second is a protocol error
    std::uint64_t statement = 0;  // number of the prepared statement it executes
    bool prepares = false;        // prepares that statement; false once that has succeeded
    Instant started{};
  };
  struct Prepared {
    std::uint64_t number = 0;
    std::uint64_t used = 0;
    std::string name;
  };

  using Statements = std::unordered_map<std::string, Prepared, TextHash, std::equal_to<>>;

  void set_up();
  void end_housekeeping(Step step);
  bool send_setup(const PipelineRequest& request);
  bool send_request_settings(const PipelineRequest& request, const std::string& timeout);
  bool send_statement(PipelineRequest& request, Pending& pending);
  bool send_overrides_query();
  void forget_oldest(Statements& of);
  void drain();
  bool accept(std::shared_ptr<const PGresult> result);
  void take(Pending& pending, std::shared_ptr<const PGresult> result);
  bool finish_first();
  Statements& statements_of(Role role) { return statements_[static_cast<std::size_t>(role)]; }
  void forget(const PipelineRequest& request, std::uint64_t statement);
  void read_rows_singly();
  void take_row(PipelineRequest& request, const PGresult* row);

  std::shared_ptr<PgConnection> connection_;
  Owner* owner_;
  Use use_;
  bool prepared_;
  std::string setup_, settings_and_reset_;  // as the lane's lock timeout has them
  bool up_ = false;
  bool stalled_ = false;
  std::deque<Pending> in_flight_;
  std::array<Statements, 3> statements_;  // per role, since plans depend on the role
  std::uint64_t counter_ = 0;
  Instant last_cancel_{};
  Instant last_received_{};
};

}  // namespace pg::detail
