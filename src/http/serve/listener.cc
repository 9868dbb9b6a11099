#include "http/serve/listener.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <mutex>
#include <system_error>

#include "core/log.h"
#include "http/serve/connection.h"

namespace http::serve {

using boost::asio::ip::tcp;

namespace {

constexpr int kBacklog = 1024;
constexpr int kBatch = 64;
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nServer: tenon\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n"
    "X-Content-Type-Options: nosniff\r\n\r\n";

tcp::endpoint endpoint_of(const std::string& address, int port) {
  boost::system::error_code fault;
  const auto parsed = boost::asio::ip::make_address(address, fault);
  if (fault) throw std::system_error(EINVAL, std::generic_category(), "TENON_BIND is not an address: " + address);
  return {parsed, static_cast<std::uint16_t>(port)};
}

enum class Share { no, yes };

int bound_socket(const std::string& address, int port, Share share) {
  const tcp::endpoint endpoint = endpoint_of(address, port);
  const int fd = ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto fail = [&](const char* what) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    throw std::system_error(error, std::generic_category(),
                            std::string(what) + " " + address + ":" + std::to_string(port));
  };
  if (fd < 0) fail("socket");
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share == Share::yes) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (endpoint.protocol().family() == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) fail("cannot listen on");
  return fd;
}

// SO_REUSEPORT would let a second process share the port unnoticed. The first listener of this process on a port
// therefore binds once without it, which fails when another process listens there.
class Claims {
 public:
  void check(const std::string& address, int port) {
    const std::lock_guard lock(mutex_);
    if (port == 0 || listeners_.contains({address, port})) return;
    const int fd = bound_socket(address, port, Share::no);
    const int outcome = ::listen(fd, 1);
    const int error = errno;
    ::close(fd);
    if (outcome != 0)
      throw std::system_error(error, std::generic_category(), "cannot listen on port " + std::to_string(port));
  }
  void add(const std::string& address, int port) {
    const std::lock_guard lock(mutex_);
    ++listeners_[{address, port}];
  }
  void remove(const std::string& address, int port) {
    const std::lock_guard lock(mutex_);
    if (--listeners_[{address, port}] == 0) listeners_.erase({address, port});
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, int>, int> listeners_;
};
Claims claims;  // of the process: its loops share their ports

std::string peer_of(const tcp::endpoint& from) {
  if (from.address().is_v4()) return from.address().to_string();
  boost::asio::ip::address_v6 address = from.address().to_v6();
  address.scope_id(0);
  return address.to_string();
}

// Closes its descriptor unless someone has taken it over.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

Listener::Listener(ServerState& server, const std::string& address, int port)
    : server_(server), address_(address), acceptor_(server.loop.io()), pause_(server.loop.io()) {
  claims.check(address, port);
  const int fd = bound_socket(address, port, Share::yes);
  if (::listen(fd, kBacklog) != 0) {
    ::close(fd);
    throw std::system_error(errno, std::generic_category(), "cannot listen on port " + std::to_string(port));
  }
  acceptor_.assign(endpoint_of(address, port).protocol(), fd);
  port_ = acceptor_.local_endpoint().port();
  spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  claims.add(address_, port_);
}

Listener::~Listener() {
  claims.remove(address_, port_);
  if (spare_ >= 0) ::close(spare_);
}

void Listener::start() { wait(); }

void Listener::wait() {
  acceptor_.async_wait(tcp::acceptor::wait_read, [self = shared_from_this()](const boost::system::error_code& ec) {
    if (ec || self->stopped_) return;
    self->accept_all();
  });
}

void Listener::stop() {
  if (std::exchange(stopped_, true)) return;
  accept_all();
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

// No descriptor is left. The spare one is used to accept and close, so that the client does not wait.
void Listener::turn_away_one() {
  if (spare_ < 0) return;
  ::close(spare_);
  const int fd = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0) ::close(fd);
  spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void Listener::accept_all() {
  if (spare_ < 0) spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (int i = 0; i < kBatch || stopped_; ++i) {
    tcp::endpoint from;
    auto size = static_cast<socklen_t>(from.capacity());
    const int fd = ::accept4(acceptor_.native_handle(), from.data(), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      from.resize(size);
      admit(fd, from);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    core::log::error("http.accept.failed", {{"errno", errno}, {"what", std::strerror(errno)}});
    if (errno == EMFILE || errno == ENFILE) turn_away_one();
    if (stopped_) return;
    pause_.expires_after(std::chrono::milliseconds(50));
    pause_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
      if (!ec && !self->stopped_) self->accept_all();
    });
    return;
  }
  if (!stopped_) wait();
}

void Listener::admit(int fd, const tcp::endpoint& from) try {
  Descriptor own{fd};
  std::string peer = peer_of(from);
  std::optional<Slot> place;
  const auto address = core::IpAddress::parse(peer);
  const bool is_proxy = address && server_.proxies.trusts(*address);
  if (!is_proxy) place = Slot::take(Slot::Of::connection, client_network(peer), server_.config.connections_each);
  const bool full = server_.connections.size() >= static_cast<std::size_t>(server_.config.max_connections);
  if (full || (!is_proxy && !place)) {
    [[maybe_unused]] const ssize_t ignored = ::send(fd, kFull.data(), kFull.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
    return;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  tcp::socket socket(server_.loop.io());
  boost::system::error_code ec;
  socket.assign(from.protocol(), fd, ec);
  if (ec) return;
  own.fd = -1;
  auto connection = std::make_shared<Connection>(server_, std::move(socket), std::move(peer), std::move(place));
  server_.connection_tasks.spawn("http.connection", serve_connection(connection), server_.idle_context);
} catch (const std::exception& e) {
  core::log::error("http.accept.failed", {{"what", e.what()}});
}

}  // namespace http::serve
