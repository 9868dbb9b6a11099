#include "http/serve/listener.h"

#include <arpa/inet.h>
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
namespace {

constexpr int kBacklog = 1024;
constexpr int kBatch = 64;
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nServer: tenon\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n"
    "X-Content-Type-Options: nosniff\r\n\r\n";

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Endpoint endpoint_of(const std::string& address, int port) {
  Endpoint out;
  auto& six = reinterpret_cast<sockaddr_in6&>(out.storage);
  auto& four = reinterpret_cast<sockaddr_in&>(out.storage);
  if (inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(port));
    out.size = sizeof four;
  } else if (inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(static_cast<std::uint16_t>(port));
    out.size = sizeof six;
  } else {
    throw std::system_error(EINVAL, std::generic_category(), "TENON_BIND is no address: " + address);
  }
  return out;
}

enum class Share { no, yes };

int bound_socket(const std::string& address, int port, Share share) {
  const Endpoint endpoint = endpoint_of(address, port);
  const int fd = ::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
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
  if (endpoint.storage.ss_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd, endpoint.get(), endpoint.size) != 0) fail("cannot listen on");
  return fd;
}

// SO_REUSEPORT would let a second process share the port in silence. The first listener of this process on a port
// therefore binds once without it, which fails when anybody else listens there.
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

std::string peer_of(const sockaddr_storage& from) {
  char text[INET6_ADDRSTRLEN] = "";
  if (from.ss_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, text, sizeof text);
  else inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, text, sizeof text);
  return text;
}

// Closes what nobody has taken over.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

Listener::Listener(Hub& hub, const std::string& address, int port)
    : hub_(hub), address_(address), acceptor_(hub.loop.io()), pause_(hub.loop.io()) {
  claims.check(address, port);
  const int fd = bound_socket(address, port, Share::yes);
  if (::listen(fd, kBacklog) != 0) {
    ::close(fd);
    throw std::system_error(errno, std::generic_category(), "cannot listen on port " + std::to_string(port));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  const bool six = bound.ss_family == AF_INET6;
  port_ =
      ntohs(six ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  acceptor_.assign(six ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(), fd);
  spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  claims.add(address_, port_);
}

Listener::~Listener() {
  claims.remove(address_, port_);
  if (spare_ >= 0) ::close(spare_);
}

void Listener::start() { wait(); }

void Listener::wait() {
  acceptor_.async_wait(boost::asio::ip::tcp::acceptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& ec) {
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

// No descriptor is left. The spare one is used to accept and close, so that the client learns it at once.
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
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd =
        ::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
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

void Listener::admit(int fd, const sockaddr_storage& from) try {
  Descriptor own{fd};
  std::string peer = peer_of(from);
  if (hub_.connections.size() >= static_cast<std::size_t>(hub_.config.max_connections)) {
    [[maybe_unused]] const ssize_t ignored = ::send(fd, kFull.data(), kFull.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
    return;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  boost::asio::ip::tcp::socket socket(hub_.loop.io());
  boost::system::error_code ec;
  socket.assign(peer.contains(':') ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(), fd, ec);
  if (ec) return;
  own.fd = -1;
  auto connection = std::make_shared<Connection>(hub_, std::move(socket), std::move(peer));
  hub_.connection_tasks.spawn("http.connection", connection->run(), hub_.between);
} catch (const std::exception& e) {
  core::log::error("http.accept.failed", {{"what", e.what()}});
}

}  // namespace http::serve
