// One client's connection: reads requests one after another, lets the router's handlers answer them, writes. While no
// request is under way it holds no buffer: an idle connection costs its object, one coroutine frame and its socket.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <coroutine>
#include <memory>
#include <optional>
#include <string>

#include "core/task.h"
#include "http/serve/exchange.h"

namespace http::serve {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Hub& hub, boost::asio::ip::tcp::socket socket, std::string peer);
  ~Connection();
  core::Task<> run();

  bool overdue(SteadyTime now) const;
  void tick(SteadyTime now);  // ends waits whose time is over
  void drain();               // closes when idle and unasked; tells an endless answer to end
  void cut();                 // ends it now, whatever it does

  // For the Exchange's BodyReader: the next piece, empty at the end.
  core::Task<std::string_view> read_body(Exchange& x);
  // Everything or false: the client has left or does not read.
  core::Task<bool> send(std::string_view first, std::string_view second = {}, std::string_view third = {});

 private:
  enum class Wait { ready, timeout, closed };
  struct Parking {  // a coroutine that waits for something of this connection
    std::coroutine_handle<> handle;
    std::shared_ptr<core::TaskContext> context;
    SteadyTime deadline;
    Wait result = Wait::ready;
  };
  struct Park {
    Parking& place;
    SteadyTime deadline;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
      place.handle = waiting;
      place.context = core::task_context();
      place.deadline = deadline;
    }
    Wait await_resume() const noexcept { return place.result; }
  };
  static void wake(Parking& place, Wait result);
  Park readable(SteadyTime deadline);
  Park writable(SteadyTime deadline);
  void arm_read();
  void watch(const Exchange& x);  // for the client's leaving, while its request is worked on
  void client_left();
  bool is_asked();  // bytes lie in the socket

  enum class Got { some, none_yet, end };
  Got receive(std::size_t at_most);

  enum class HeadRead { whole, refused, gone };
  core::Task<HeadRead> read_head(Exchange& x, wire::Refusal& why);
  core::Task<bool> serve_one();
  core::Task<> refuse(std::shared_ptr<Exchange> x, wire::Refusal why);
  std::optional<Response> open(Exchange& x);
  void open_body(Exchange& x);
  core::Task<> collect_body(Exchange& x);
  bool finish_body(Exchange& x);
  core::Task<Wait> run_handler(std::shared_ptr<Exchange> x);
  static core::Task<> handle(std::shared_ptr<Connection> self, std::shared_ptr<Exchange> x);
  Response answer_of(Exchange& x, const std::exception_ptr& error);
  Response answer_of(Exchange& x, const core::Problem& problem);
  core::Task<bool> respond(std::shared_ptr<Exchange> x, Response answer);
  core::Task<bool> send_file(int file, const FileBody& body, Exchange& x);
  core::Task<bool> send_stream(const StreamBody& body, const Policy::Framing& framing, Exchange& x);
  core::Task<> linger();
  void close();

  Hub& hub_;
  boost::asio::ip::tcp::socket socket_;
  std::string peer_;
  std::string in_;  // received, not yet taken
  std::size_t in_at_ = 0;
  Parking read_;
  Parking write_;
  Parking done_;
  std::shared_ptr<Exchange> current_;
  bool read_armed_ = false;
  bool write_armed_ = false;
  bool idle_ = false;
  bool fresh_ = true;  // has not asked for anything yet
  bool left_ = false;
  bool closed_ = false;
};

}  // namespace http::serve
