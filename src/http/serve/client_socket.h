// A client's socket: waits with deadlines, receives without blocking, sends everything or fails.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/task.h"
#include "http/serve/waiter.h"

namespace http::serve {

class ClientSocket : public std::enable_shared_from_this<ClientSocket> {
 public:
  // A client that reads nothing for `reader_timeout` counts as gone.
  ClientSocket(boost::asio::ip::tcp::socket socket, std::string peer, std::chrono::milliseconds reader_timeout);

  const std::string& peer() const { return peer_; }  // its address, as text
  int fd() { return socket_.native_handle(); }

  SuspendUntil readable(SteadyTime deadline);
  SuspendUntil writable(SteadyTime deadline);
  SuspendUntil writable_in_time() { return writable(std::chrono::steady_clock::now() + reader_timeout_); }
  // `input` is called when bytes or the end arrive while no coroutine waits for them, once for each watch_input().
  void on_input(std::function<void()> input) { on_input_ = std::move(input); }
  void watch_input();

  enum class Received { some, none_yet, end };
  Received receive(std::string& into, std::size_t at_most);  // appends
  bool has_input();
  bool has_ended();  // the client has closed its side, and everything it sent was received
  // False when the client disconnected or does not read.
  core::Task<bool> send(std::string_view first, std::string_view second = {}, std::string_view third = {});

  bool gone() const { return gone_; }  // disconnected, or given up
  void set_gone() { gone_ = true; }
  void half_close();
  void close();
  bool is_closed() const { return closed_; }

  bool overdue(SteadyTime now) const { return read_.overdue(now) || write_.overdue(now); }
  void tick(SteadyTime now);
  Waiter& reading() { return read_; }
  Waiter& writing() { return write_; }

 private:
  boost::asio::ip::tcp::socket socket_;
  std::string peer_;
  std::chrono::milliseconds reader_timeout_;
  Waiter read_, write_;
  std::function<void()> on_input_;
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool gone_ = false;
  bool closed_ = false;
};

}  // namespace http::serve
