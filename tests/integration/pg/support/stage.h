// A loop and a Db on the test's Postgres, and helpers of the tests of pg/.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "core/loop.h"
#include "pg/pg.h"
#include "pg/session.h"

namespace stage {

using core::Task;
using Clock = std::chrono::steady_clock;

std::string url(const char* variable = "TENON_TEST_URL");
// The same login on another port of localhost.
std::string url_by(int port);

pg::Config config();
// Schema pgtest: notes under row-level security, and functions that write, wait and fail. Recreated by each call.
void make_schema();
std::string owner_query(const std::string& sql);  // first cell, as the superuser
void owner_run(const std::string& sql);
std::int64_t owner_count(const std::string& sql);

double seconds_since(Clock::time_point start);

// A loop with its Db. The Db is closed and destroyed before the loop.
class Stage {
 public:
  explicit Stage(pg::Config with = config()) : db_(std::make_unique<pg::Db>(loop, std::move(with))) {}
  ~Stage() {
    loop.run_until(db_->close());
    db_.reset();
  }
  // fn: Task<R>(pg::Db&), kept alive until it has ended.
  template <class Fn>
  auto operator()(Fn fn) {
    return loop.run_until(fn(*db_));
  }
  core::Loop loop;

 private:
  std::unique_ptr<pg::Db> db_;
};

// A TCP proxy in front of the server that can be cut, frozen, or made to discard the server's output.
class Proxy {
 public:
  Proxy();
  ~Proxy();
  int port() const { return port_; }
  void cut();                             // every connection ends now; the port refuses
  void restore();                         // the port answers again
  void freeze(bool on) { frozen_ = on; }  // bytes stop in both directions; connections stay
  // Discards the server's output to the present connections; the client's still arrives.
  void discard_output() { discard_up_to_ = accepted_.load(); }
  void end_connections();
  int accepted() const { return accepted_; }

 private:
  void serve();
  int listen_on(int port);
  std::atomic<int> listener_{-1};
  int port_ = 0;
  std::atomic<bool> stop_{false}, frozen_{false}, end_{false};
  std::atomic<int> accepted_{0}, discard_up_to_{0};
  std::thread thread_;
};

}  // namespace stage
