// One client's connection: its socket, its reader and writer, and the request it works on.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>

#include "core/task.h"
#include "http/serve/client_socket.h"
#include "http/serve/client_watch.h"
#include "http/serve/exchange.h"
#include "http/serve/request_reader.h"
#include "http/serve/response_writer.h"
#include "http/serve/server_state.h"
#include "http/serve/slots.h"

namespace http::serve {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `place` is the network's; a trusted proxy's connections have none.
  Connection(ServerState& server, boost::asio::ip::tcp::socket socket, std::string peer, std::optional<Slot> place);
  ~Connection();

  // For the server.
  bool overdue(SteadyTime now) const { return socket->overdue(now) || handler_done.overdue(now); }
  void tick(SteadyTime now);  // ends waits whose deadline has passed
  void drain();               // closes when idle; stops a response without an end
  void cut();                 // ends it now

  // For serve_connection(). False when the client does not begin a request in time, or the server drains.
  core::Task<bool> wait_for_request();
  void begin(std::shared_ptr<Exchange> exchange);
  void end_exchange();
  void close();

  ServerState& server;
  const std::shared_ptr<ClientSocket> socket;  // outlives the connection while Asio waits on it
  RequestReader reader;
  ResponseWriter writer;
  ClientWatch watch;
  Waiter handler_done;

 private:
  std::optional<Slot> place_;
  std::shared_ptr<Exchange> current_;
  bool idle_ = false;
  bool first_ = true;  // no request was begun yet
};

// Serves requests one after another until the connection ends.
core::Task<> serve_connection(std::shared_ptr<Connection> connection);

}  // namespace http::serve
