// One connection in pipeline mode: sends units, matches answers to them in order, keeps statements prepared.
// Private to pg/.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "pg/pg_connection.h"
#include "pg/pipeline_request.h"

namespace pg::detail {

class PipelinedConnection : public std::enable_shared_from_this<PipelinedConnection> {
 public:
  enum class Use : std::uint8_t { shared, leased };  // a leased one may stay in a transaction after a Sync

  // Told about units that are done and about the end of the connection; outlives the pipe or detaches it.
  struct Owner {
    virtual void finished(PipelineRequest& unit) = 0;
    virtual void went_down(PipelinedConnection& pipe, const std::string& why) = 0;
    virtual void settled() = 0;  // after each batch of answers: resume who waits, send more
   protected:
    ~Owner() = default;
  };

  PipelinedConnection(core::Loop& loop, core::BlockingPool& helper, Owner& owner, Use use, bool prepared);
  ~PipelinedConnection();
  void connect(const core::Secret& url, PgConnection::Done done);
  void send(PipelineRequest& unit);
  // Ends the connection; units under way are lost.
  void drop(std::string why);
  void detach() { owner_ = nullptr; }
  void cancel_first();

  bool is_up() const { return up_; }
  std::size_t in_flight() const { return flights_.size(); }
  PipelineRequest* first() { return flights_.empty() ? nullptr : flights_.front().unit; }
  // How long the first unit has been waiting for its answer.
  milliseconds first_age(Instant now) const;
  // Its first unit was slow, and what came behind that is not done yet.
  bool is_stalled(Instant now);
  bool is_idle() const { return up_ && flights_.empty() && PQtransactionStatus(connection_->conn()) == PQTRANS_IDLE; }
  Instant last_heard() const { return last_heard_; }
  Instant last_cancel() const { return last_cancel_; }

 private:
  enum class Step : std::uint8_t { begin, setup, prepare, describe, execute, said, sync };
  struct Flight {
    PipelineRequest* unit = nullptr;  // none: housekeeping whose answer nobody awaits
    std::array<Step, 6> steps{};
    std::uint8_t count = 0;
    std::uint8_t at = 0;
    bool failed = false;
    bool answered_null = false;   // libpq may end a failed step with one null; a second means confusion
    std::uint64_t statement = 0;  // number of the prepared statement it executes
    bool prepares = false;        // that statement, unless this becomes false again
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
  bool send_setup(const PipelineRequest& unit);
  bool send_frame(const PipelineRequest& unit, const std::string& timeout);
  bool send_statement(PipelineRequest& unit, Flight& flight);
  bool send_said();
  void forget_oldest(Statements& of);
  void drain();
  bool accept(std::shared_ptr<const PGresult> result);
  void take(Flight& flight, std::shared_ptr<const PGresult> result);
  bool finish_first();
  Statements& statements_of(Role role) { return statements_[static_cast<std::size_t>(role)]; }
  void forget(const PipelineRequest& unit, std::uint64_t statement);

  std::shared_ptr<PgConnection> connection_;
  Owner* owner_;
  Use use_;
  bool prepared_;
  bool up_ = false;
  bool stalled_ = false;
  std::deque<Flight> flights_;
  std::array<Statements, 3> statements_;  // of each role: plans depend on who runs them
  std::uint64_t counter_ = 0;
  Instant last_cancel_{};
  Instant last_heard_{};
};

}  // namespace pg::detail
