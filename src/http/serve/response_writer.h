// Writes responses: the head and small bodies in one call, files by the kernel, streams in chunks.
#pragma once

#include "core/task.h"
#include "http/serve/client_socket.h"
#include "http/serve/exchange.h"
#include "http/serve/server_state.h"

namespace http::serve {

class ResponseWriter {
 public:
  ResponseWriter(ServerState& server, ClientSocket& socket) : server_(server), socket_(socket) {}

  enum class Written { keep_alive, close, broken };
  // `keep_alive`: whether another request may follow. A stream whose end is the connection's end closes it all the
  // same.
  core::Task<Written> write(Exchange& x, Response response, bool keep_alive);

 private:
  core::Task<bool> send_file(int file, const FileBody& body, Exchange& x);
  core::Task<bool> send_stream(const StreamBody& body, const Framing& framing, Exchange& x);
  std::string head_of(Exchange& x, Response& response, Framing& framing);

  ServerState& server_;
  ClientSocket& socket_;
};

}  // namespace http::serve
