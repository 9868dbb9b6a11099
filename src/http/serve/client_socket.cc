#include "http/serve/client_socket.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>

namespace http::serve {

using boost::asio::ip::tcp;

ClientSocket::ClientSocket(tcp::socket socket, std::string peer, std::chrono::milliseconds reader_timeout)
    : socket_(std::move(socket)), peer_(std::move(peer)), reader_timeout_(reader_timeout) {}

void ClientSocket::watch_input() {
  if (read_armed_ || closed_) return;
  read_armed_ = true;
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const boost::system::error_code& ec) {
    self->read_armed_ = false;
    if (self->read_.waits()) self->read_.wake(ec ? Wake::closed : Wake::ready);
    else if (!ec && self->on_input_) self->on_input_();
  });
}

SuspendUntil ClientSocket::readable(SteadyTime deadline) {
  watch_input();
  return {read_, deadline};
}

SuspendUntil ClientSocket::writable(SteadyTime deadline) {
  if (!write_armed_) {
    write_armed_ = true;
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const boost::system::error_code& ec) {
      self->write_armed_ = false;
      self->write_.wake(ec ? Wake::closed : Wake::ready);
    });
  }
  return {write_, deadline};
}

ClientSocket::Received ClientSocket::receive(std::string& into, std::size_t at_most) {
  thread_local char scratch[64 << 10];
  for (;;) {
    const ssize_t n = ::recv(socket_.native_handle(), scratch, std::min(at_most, sizeof scratch), MSG_DONTWAIT);
    if (n > 0) {
      into.append(scratch, static_cast<std::size_t>(n));
      return Received::some;
    }
    if (n == 0) return Received::end;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Received::none_yet : Received::end;
  }
}

bool ClientSocket::has_input() {
  char byte;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool ClientSocket::has_ended() {
  char byte;
  const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

core::Task<bool> ClientSocket::send(std::string_view first, std::string_view second, std::string_view third) {
  std::array<iovec, 3> parts{};
  std::size_t count = 0;
  for (std::string_view part : {first, second, third})
    if (!part.empty()) parts[count++] = {const_cast<char*>(part.data()), part.size()};
  std::size_t at = 0;
  while (at < count) {
    msghdr message{};
    message.msg_iov = parts.data() + at;
    message.msg_iovlen = count - at;
    const ssize_t n = closed_ ? -1 : ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && !closed_ && errno == EINTR) continue;
    if (n < 0 && !closed_ && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      const Wake woken = co_await writable_in_time();
      if (woken == Wake::ready) continue;
    }
    if (n < 0) {
      gone_ = true;
      co_return false;
    }
    auto sent = static_cast<std::size_t>(n);
    while (at < count && sent >= parts[at].iov_len) sent -= parts[at++].iov_len;
    if (at < count) parts[at] = {static_cast<char*>(parts[at].iov_base) + sent, parts[at].iov_len - sent};
  }
  co_return true;
}

void ClientSocket::tick(SteadyTime now) {
  for (Waiter* waiter : {&read_, &write_})
    if (waiter->overdue(now)) waiter->wake(Wake::timeout);
}

void ClientSocket::half_close() { ::shutdown(socket_.native_handle(), SHUT_WR); }

void ClientSocket::close() {
  closed_ = true;
  on_input_ = nullptr;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace http::serve
