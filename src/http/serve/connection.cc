#include "http/serve/connection.h"

namespace http::serve {
namespace {

constexpr std::chrono::milliseconds kLastCall{250};  // while draining: for a new client's first request

}  // namespace

Connection::Connection(ServerState& on, boost::asio::ip::tcp::socket accepted, std::string peer,
                       std::optional<Slot> place)
    : server(on),
      socket(std::make_shared<ClientSocket>(std::move(accepted), std::move(peer), on.config.timeouts.reader)),
      reader(*socket, on.config.timeouts),
      writer(on, *socket),
      watch(*socket),
      place_(std::move(place)) {
  server.connections.insert(this);
}

Connection::~Connection() {
  if (!socket->is_closed()) server.connections.erase(this);
}

void Connection::tick(SteadyTime now) {
  socket->tick(now);
  if (handler_done.overdue(now)) handler_done.wake(Wake::timeout);
}

void Connection::drain() {
  if (idle_ && first_) socket->reading().shorten(std::chrono::steady_clock::now() + kLastCall);
  else if (idle_ && !socket->has_input()) socket->reading().wake(Wake::closed);
  else if (current_ && current_->endless) current_->context->stop.request_stop();
}

void Connection::cut() {
  if (current_) current_->context->stop.request_stop();
  socket->set_gone();
  for (Waiter* waiter : {&socket->writing(), &socket->reading(), &handler_done}) waiter->wake(Wake::closed);
}

core::Task<bool> Connection::wait_for_request() {
  if (reader.has_input()) co_return true;
  reader.release_buffer();
  if (server.draining && !first_ && !socket->has_input()) co_return false;
  const auto idle = server.config.timeouts.idle;
  idle_ = true;
  const Wake woken = co_await socket->readable(std::chrono::steady_clock::now() +
                                               (server.draining ? std::min(kLastCall, idle) : idle));
  idle_ = false;
  first_ = false;
  co_return woken == Wake::ready;
}

void Connection::begin(std::shared_ptr<Exchange> exchange) {
  current_ = std::move(exchange);
  watch.begin(current_->context);
}

void Connection::end_exchange() {
  watch.end();
  current_.reset();
}

void Connection::close() {
  if (socket->is_closed()) return;
  socket->close();
  place_.reset();
  server.connections.erase(this);
  server.one_ended.set();
}

}  // namespace http::serve
