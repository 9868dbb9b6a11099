// A listening socket that survives every error of accept(): out of descriptors, aborted connections, floods.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "http/serve/server_state.h"

namespace http::serve {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  // Binds now; throws std::system_error when the port is taken.
  Listener(ServerState& server, const std::string& address, int port);
  ~Listener();
  int port() const { return port_; }
  void start();
  void stop();  // accepts what waits in the backlog, then closes

 private:
  void wait();
  void accept_all();
  void admit(int fd, const boost::asio::ip::tcp::endpoint& from);
  void turn_away_one();
  ServerState& server_;
  std::string address_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  int spare_ = -1;  // closed for a moment to turn a client away when no descriptor is left
  int port_ = 0;
  bool stopped_ = false;
};

}  // namespace http::serve
