// The connections of one loop: shared pipelines that one-trip units are spread over, connections leased for whole
// transactions, and the queue of those who wait for either. Private to pg/.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "pg/pipelined_connection.h"

namespace pg::detail {

// Waits for a connection of its own.
struct LeaseRequest : Waiting {
  std::shared_ptr<PipelinedConnection> pipe;  // none: no connection came in time
};

struct ConnectionPool final : PipelinedConnection::Owner, std::enable_shared_from_this<ConnectionPool> {
  ConnectionPool(core::Loop& loop, Config config);
  ~ConnectionPool();

  void start();
  // Suspend the caller until the unit has its answer, was lost, or found no connection before its deadline.
  core::Task<> run(PipelineRequest& unit);                                   // on a shared pipeline
  core::Task<> run_on(PipelinedConnection& pipe, PipelineRequest& unit);     // on a leased connection
  core::Task<std::shared_ptr<PipelinedConnection>> lease(Instant deadline);  // throws Unavailable
  void give_back(std::shared_ptr<PipelinedConnection> pipe, bool clean);
  core::Task<> close();
  Instant deadline() const;  // for a connection, counted from now
  // What to tell whoever waited until his deadline in vain.
  Unavailable none_free() const;

  // Whether the types of this statement were held against the server's before.
  bool is_checked(std::string_view text) const { return checked_.contains(text); }
  void set_checked(std::string_view text);
  const Config& config() const { return config_; }

 private:
  void finished(PipelineRequest& unit) override;
  void went_down(PipelinedConnection& pipe, const std::string& why) override;
  void settled() override;

  void end(Waiting& waiting);
  void settle_soon();
  void send_waiting();
  PipelinedConnection* choose(Instant now);
  void open_spare();
  void serve_lessees();
  void connect_missing();
  void connect(PipelinedConnection::Use use);
  void connected(const std::shared_ptr<PipelinedConnection>& pipe, PipelinedConnection::Use use, Connect outcome,
                 const std::string& why);
  void arm();
  void tick();
  void expire(Instant now);
  void watch_over(PipelinedConnection& pipe, Instant now);
  void make_way(Instant now);
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
  std::vector<std::shared_ptr<PipelinedConnection>> leased_;  // idle ones and those handed out
  std::vector<std::shared_ptr<PipelinedConnection>> idle_;
  int connecting_shared_ = 0;
  int connecting_leased_ = 0;
  int wanted_shared_;
  std::vector<std::shared_ptr<PipelinedConnection>> coming_;  // being connected
  std::shared_ptr<PgConnection> probe_;
  Instant last_probe_{};

  std::deque<PipelineRequest*> waiting_;
  std::deque<LeaseRequest*> lessees_;
  std::vector<Waiting*> ready_;
  std::vector<Waiting*> closers_;
  std::unordered_set<std::string, TextHash, std::equal_to<>> checked_;

  int failures_ = 0;
  Instant next_attempt_{};
  Instant down_since_{};  // zero while the database answers
};

}  // namespace pg::detail
