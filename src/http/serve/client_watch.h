// Notices that the client disconnects while its request is worked on, and requests the stop of the request's tasks.
#pragma once

#include <memory>

#include "core/task_context.h"
#include "http/serve/client_socket.h"

namespace http::serve {

class ClientWatch {
 public:
  explicit ClientWatch(ClientSocket& socket) : socket_(socket) {
    socket_.on_input([this] { look(); });
  }
  ClientWatch(const ClientWatch&) = delete;
  ClientWatch& operator=(const ClientWatch&) = delete;

  void begin(std::shared_ptr<core::TaskContext> request) { request_ = std::move(request); }
  void end() { request_.reset(); }

 private:
  // Input during a request is the next one, which waits its turn, or the end.
  void look() {
    if (!request_ || !socket_.has_ended()) return;
    socket_.set_gone();
    request_->stop.request_stop();
  }
  ClientSocket& socket_;
  std::shared_ptr<core::TaskContext> request_;
};

}  // namespace http::serve
