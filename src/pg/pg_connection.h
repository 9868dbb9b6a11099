// One libpq connection on a Loop: connects without blocking, reports arrivals, flushes libpq's output buffer. Callbacks
// run on the loop, and none after close(). Private to pg/; .cc files only.
#pragma once

#include <libpq-fe.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "core/env.h"
#include "core/loop.h"

namespace pg::detail {

enum class Connect { up, refused, timed_out };

class PgConnection : public std::enable_shared_from_this<PgConnection> {
 public:
  using Done = std::function<void(Connect outcome, const std::string& why)>;
  // `helper` runs blocking calls: host name look-ups and cancel requests.
  PgConnection(core::Loop& loop, core::BlockingPool& helper);
  ~PgConnection();

  // Calls `done` once. `why` holds neither the URL nor a password.
  void connect(const core::Secret& url, std::chrono::milliseconds at_most, Done done);
  // From now on calls `readable` for each arrival; `alive` is false when the connection is gone.
  void watch(std::function<void(bool alive)> readable);
  void flush();
  // Requests cancellation of the running statement. Best effort, on the helper.
  void cancel();
  void close();

  PGconn* conn() const { return conn_.get(); }
  bool is_up() const { return up_; }

 private:
  void started(std::shared_ptr<PGconn> conn);
  boost::system::error_code register_socket();
  void step(PostgresPollingStatusType status);
  void finish(Connect outcome, const std::string& why);
  void wait_readable();

  core::Loop& loop_;
  core::BlockingPool& helper_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<PGconn> conn_;
  Done done_;
  std::function<void(bool)> readable_;
  bool up_ = false;
  bool closed_ = false;
  bool writing_ = false;
};

// True when libpq can parse it. Lets a fault at start name the variable without its value.
bool is_readable_url(const core::Secret& url);
// Starts a connection the way all of pg/ does, blocking only for the look-up of the host.
PGconn* start_connection(const core::Secret& url);
// libpq's error message on one line.
std::string reason(const PGconn* conn);

}  // namespace pg::detail
