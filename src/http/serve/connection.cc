#include "http/serve/connection.h"

#include <sys/socket.h>

#include "core/log.h"
#include "http/wire/target.h"

namespace http::serve {
namespace {

constexpr std::size_t kHeadPiece = 16 << 10;
constexpr std::chrono::milliseconds kLastCall{250};  // while draining, for a new client to ask
constexpr wire::Refusal kSlowHead{408, "request_timeout", "The request took too long to arrive."};

SteadyTime now() { return std::chrono::steady_clock::now(); }

// Of a head that is refused: what its first line says behind the first space.
std::string stated_path(std::string_view head) {
  const std::size_t space = head.find(' ');
  return space == std::string_view::npos ? "" : std::string(wire::stated_path(head.substr(space + 1)));
}

}  // namespace

Connection::Connection(Hub& hub, boost::asio::ip::tcp::socket socket, std::string peer)
    : hub_(hub), socket_(std::move(socket)), peer_(std::move(peer)) {
  hub_.connections.insert(this);
}

Connection::~Connection() {
  if (!closed_) hub_.connections.erase(this);
}

void Connection::wake(Parking& place, Wait result) {
  if (!place.handle) return;
  place.result = result;
  const core::TaskContextScope scope(std::move(place.context));  // whoever wakes keeps his own
  std::exchange(place.handle, {}).resume();
}

void Connection::arm_read() {
  if (read_armed_ || closed_) return;
  read_armed_ = true;
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& ec) {
                       self->read_armed_ = false;
                       if (self->read_.handle) wake(self->read_, ec ? Wait::closed : Wait::ready);
                       else if (!ec && self->current_) self->client_left();
                     });
}

Connection::Park Connection::readable(SteadyTime deadline) {
  arm_read();
  return Park{read_, deadline};
}

Connection::Park Connection::writable(SteadyTime deadline) {
  if (!write_armed_) {
    write_armed_ = true;
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                       [self = shared_from_this()](const boost::system::error_code& ec) {
                         self->write_armed_ = false;
                         wake(self->write_, ec ? Wait::closed : Wait::ready);
                       });
  }
  return Park{write_, deadline};
}

void Connection::watch(const Exchange& x) {
  if (x.body_done && in_.empty()) arm_read();
}

// Something can be read while the handler works: the next request, which waits its turn, or the end.
void Connection::client_left() {
  char byte;
  const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) return;
  left_ = true;
  current_->context->stop.request_stop();
}

bool Connection::is_asked() {
  char byte;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool Connection::overdue(SteadyTime at) const {
  for (const Parking* place : {&read_, &write_, &done_})
    if (place->handle && place->deadline <= at) return true;
  return false;
}

void Connection::tick(SteadyTime at) {
  for (Parking* place : {&read_, &write_, &done_})
    if (place->handle && place->deadline <= at) wake(*place, Wait::timeout);
}

void Connection::drain() {
  if (idle_ && fresh_) read_.deadline = std::min(read_.deadline, now() + kLastCall);
  else if (idle_ && !is_asked()) wake(read_, Wait::closed);
  else if (current_ && current_->endless) current_->context->stop.request_stop();
}

void Connection::cut() {
  if (current_) current_->context->stop.request_stop();
  left_ = true;
  for (Parking* place : {&write_, &read_, &done_}) wake(*place, Wait::closed);
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  boost::system::error_code ignored;
  socket_.close(ignored);
  hub_.connections.erase(this);
  hub_.one_ended.set();
}

Connection::Got Connection::receive(std::size_t at_most) {
  thread_local char scratch[64 << 10];
  for (;;) {
    const ssize_t n = ::recv(socket_.native_handle(), scratch, std::min(at_most, sizeof scratch), MSG_DONTWAIT);
    if (n > 0) {
      in_.append(scratch, static_cast<std::size_t>(n));
      return Got::some;
    }
    if (n == 0) return Got::end;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Got::none_yet : Got::end;
  }
}

core::Task<> Connection::run() {
  const auto self = shared_from_this();
  for (;;) {
    core::set_task_context(hub_.between);
    if (in_.empty()) {
      in_ = std::string{};  // idle connections hold no buffer
      if (hub_.draining && !fresh_ && !is_asked()) break;
      idle_ = true;
      const auto patience = hub_.draining ? std::min(kLastCall, hub_.config.timeouts.idle) : hub_.config.timeouts.idle;
      const Wait woken = co_await readable(now() + patience);
      idle_ = false;
      fresh_ = false;
      if (woken != Wait::ready) break;
    }
    bool again = false;
    try {
      again = co_await serve_one();
    } catch (const std::exception& e) {
      core::log::error("http.connection.failed", {{"what", e.what()}});
    } catch (...) {
      core::log::error("http.connection.failed", {{"what", "not an exception"}});
    }
    current_.reset();
    if (!again) break;
  }
  close();
}

core::Task<Connection::HeadRead> Connection::read_head(Exchange& x, wire::Refusal& why) {
  wire::HeadScanner scanner;
  const SteadyTime deadline = now() + hub_.config.timeouts.head;
  for (;;) {
    const auto state = scanner.scan(in_);
    if (state == wire::HeadScanner::State::complete) break;
    if (state == wire::HeadScanner::State::refused) {
      x.rq.path = stated_path(in_);
      why = scanner.refusal();
      co_return HeadRead::refused;
    }
    const Got got = receive(kHeadPiece);
    if (got == Got::end) co_return in_.empty() ? HeadRead::gone : HeadRead::refused;
    if (got == Got::some) continue;
    const Wait woken = co_await readable(deadline);
    if (woken == Wait::closed) co_return HeadRead::gone;
    if (woken == Wait::timeout) {
      why = kSlowHead;
      co_return in_.empty() ? HeadRead::gone : HeadRead::refused;
    }
  }
  const std::string_view raw = std::string_view{in_}.substr(scanner.begin(), scanner.end() - scanner.begin());
  auto head = wire::parse_head(raw);
  if (!head) x.rq.path = stated_path(raw);
  in_.erase(0, scanner.end());
  if (!head) {
    why = head.error();
    co_return HeadRead::refused;
  }
  x.head = std::move(*head);
  co_return HeadRead::whole;
}

// What the client still sends is read and dropped for a while: closing on unread bytes would reset the connection and
// take the answer with it.
core::Task<> Connection::linger() {
  ::shutdown(socket_.native_handle(), SHUT_WR);
  const SteadyTime until = now() + hub_.config.timeouts.linger;
  std::size_t dropped = 0;
  while (dropped < (8u << 20) && !left_) {
    in_.clear();
    const Got got = receive(64 << 10);
    dropped += in_.size();
    if (got == Got::end) break;
    if (got == Got::some) continue;
    const Wait woken = co_await readable(until);
    if (woken != Wait::ready) break;
  }
  in_.clear();
}

}  // namespace http::serve
