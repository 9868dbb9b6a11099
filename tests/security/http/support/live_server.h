// A real server on its own thread with a fake identity, and a raw socket to talk to it byte by byte.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "core/loop.h"
#include "http/router.h"
#include "http/server.h"

namespace live {

// The user whose bearer token is "ada"; a form's token is "form-token".
class FakeAccess final : public http::AccessControl {
 public:
  core::Task<std::optional<http::Response>> admit(http::Request& rq, http::Access who) override;
};

// Timeouts short enough for tests; the rules are the same.
http::ServerConfig quick();

class Server {
 public:
  explicit Server(const std::function<void(http::Router&)>& mount, http::ServerConfig config = quick());
  ~Server();  // drains
  int port() const { return port_; }
  // Runs fn on the server's loop and waits for it.
  void on_loop(const std::function<void(http::Server&)>& fn);
  // Starts draining and returns at once; drained() is true when it has ended.
  void start_drain(std::chrono::milliseconds grace);
  bool drained() const;
  core::Loop& loop() { return loop_; }

 private:
  core::Loop loop_;
  core::TaskGroup tasks_{loop_};
  http::Router router_;
  FakeAccess access_;
  http::Server server_;
  int port_ = 0;
  std::shared_ptr<std::atomic<bool>> drained_;
  std::thread thread_;
};

struct Answer {
  int status = 0;  // 0: none came
  std::string head;
  std::string body;
  std::string header(std::string_view name) const;
};

class Socket {
 public:
  explicit Socket(int port, int receive_buffer = 0);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  void send(std::string_view bytes);  // ignores that the peer has closed
  void half_close();
  void reset();  // closes with RST
  // The next answer by its own framing; status 0 when the connection ends or 5 s pass first.
  Answer answer(bool to_head = false);
  // Everything until the server closes, or nothing when it does not within the time.
  std::optional<std::string> until_closed(std::chrono::milliseconds at_most = std::chrono::seconds(10));
  bool closed_within(std::chrono::milliseconds at_most) { return until_closed(at_most).has_value(); }
  std::string some();  // what arrives next
  int fd() const { return fd_; }

 private:
  bool fill(std::chrono::steady_clock::time_point until);
  int fd_;
  bool closed_ = false;
  std::string in_;
};

// One connection, these bytes, one answer.
Answer ask(int port, std::string_view bytes);
std::string get(std::string_view path, std::string_view headers = "");

}  // namespace live
