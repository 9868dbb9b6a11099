// The connections of one loop: shared pipelines for single requests, exclusive connections for transactions, and the
// queues for both. Private to pg/.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "pg/callers.h"
#include "pg/pipelined_connection.h"

namespace pg::detail {

// A transaction waiting for an exclusive connection.
struct CheckoutRequest : Waiting {
  std::shared_ptr<PipelinedConnection> connection;  // null: none came free in time
};

struct ConnectionPool final : PipelinedConnection::Owner, std::enable_shared_from_this<ConnectionPool> {
  ConnectionPool(core::Loop& loop, Config config);
  ~ConnectionPool();

  void start();
  // Suspend the caller until the request has its result, was lost, or found no connection before its deadline.
  core::Task<> run(PipelineRequest& request);                                      // on a shared pipeline
  core::Task<> run_on(PipelinedConnection& connection, PipelineRequest& request);  // on a checked-out connection
  struct CheckedOut {
    std::shared_ptr<PipelinedConnection> connection;
    Caller& caller;  // for check_in
  };
  core::Task<CheckedOut> checkout(Instant deadline);  // throws Unavailable
  void check_in(std::shared_ptr<PipelinedConnection> connection, Caller& caller, bool clean);
  core::Task<> close();
  Instant deadline() const;  // for getting a connection, from now
  // The error when no connection came free before the deadline.
  Unavailable none_free(const Waiting& waiting) const;

  // True when the types of this statement have been compared with the server's.
  bool is_checked(std::string_view text) const { return checked_.contains(text); }
  void set_checked(std::string_view text);
  const Config& config() const { return config_; }

 private:
  void finished(PipelineRequest& request) override;
  void went_down(PipelinedConnection& connection, const std::string& why) override;
  void settled() override;

  void end(Waiting& waiting);
  void settle_soon();
  void send_waiting();
  PipelinedConnection* choose(const Caller& caller, Instant now);
  PipelinedConnection* choose_for_slow(Instant now);
  void open_spare();
  int most_pipelines() const { return config_.shared_pipelines + config_.spare_pipelines; }
  int most_leases() const;
  bool may_check_out(const Caller& caller) const;
  bool hand_over(const std::shared_ptr<PipelinedConnection>& connection);
  int missing_checkouts() const;
  void serve_checkouts();
  void connect_missing();
  void connect(PipelinedConnection::Use use);
  void connected(const std::shared_ptr<PipelinedConnection>& connection, PipelinedConnection::Use use, Connect outcome,
                 const std::string& why);
  void arm();
  void tick();
  void expire(Instant now);
  void watch_over(PipelinedConnection& connection, Instant now);
  void part_slow(PipelinedConnection& connection, Instant now);
  void relieve_stall(Instant now);
  void probe(Instant now);
  bool is_busy() const;

  core::Loop& loop_;
  Config config_;
  core::BlockingPool helper_{2, 64};
  boost::asio::steady_timer timer_;
  bool armed_ = false;
  bool started_ = false;
  bool closing_ = false;

  std::vector<std::shared_ptr<PipelinedConnection>> shared_;
  std::vector<std::shared_ptr<PipelinedConnection>> exclusive_;  // idle and checked out
  std::vector<std::shared_ptr<PipelinedConnection>> idle_;
  int connecting_shared_ = 0;
  int connecting_exclusive_ = 0;
  int wanted_shared_;
  std::vector<std::shared_ptr<PipelinedConnection>> connecting_;
  std::shared_ptr<PgConnection> probe_;
  Instant last_probe_{};

  Callers callers_;
  Turns<PipelineRequest, &Caller::requests> waiting_;
  Turns<CheckoutRequest, &Caller::checkouts> checkout_queue_;
  std::vector<Waiting*> ready_;
  std::vector<Waiting*> closers_;
  std::unordered_set<std::string, TextHash, std::equal_to<>> checked_;

  int failures_ = 0;
  Instant next_attempt_{};
  Instant down_since_{};  // zero while the database is reachable
};

}  // namespace pg::detail
