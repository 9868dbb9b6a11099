// A listening socket that survives whatever accept() says: out of descriptors, aborted connections, floods.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "http/serve/hub.h"

namespace http::serve {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  // Binds now; throws std::system_error when the port is taken.
  Listener(Hub& hub, const std::string& address, int port);
  ~Listener();
  int port() const { return port_; }
  void start();
  void stop();  // takes what the kernel has already accepted, then closes

 private:
  void wait();
  void accept_all();
  void admit(int fd, const sockaddr_storage& from);
  void turn_away_one();
  Hub& hub_;
  std::string address_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  int spare_ = -1;  // given up for a moment to turn a client away when there is no descriptor left
  int port_ = 0;
  bool stopped_ = false;
};

}  // namespace http::serve
