#include "integration/jobs/support/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <list>
#include <stdexcept>
#include <vector>

#include "support/wait.h"

namespace support {
namespace {

struct Line {
  int worker = -1;
  int server = -1;
  std::string tail;  // of what the worker sent, for a pattern that comes in two pieces
  bool holding = false;
  bool over = false;
};

void write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::send(fd, bytes, size, MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
}

int connected(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

std::string sent_as(const std::string& statement) {
  std::string text(1, '\0');
  text += statement;
  text += '\0';
  return text;
}

Proxy::Proxy(Mode mode, std::string pattern, int every) : mode_(mode), pattern_(std::move(pattern)), every_(every) {
  listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(listening_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(listening_, 64) != 0 ||
      ::getsockname(listening_, reinterpret_cast<sockaddr*>(&at), &size) != 0 || ::pipe(bell_) != 0)
    throw std::runtime_error("no proxy");
  port_ = ntohs(at.sin_port);
  thread_ = std::thread([this] { serve(); });
}

Proxy::~Proxy() {
  ::close(bell_[1]);
  thread_.join();
  ::close(bell_[0]);
  ::close(listening_);
}

std::string Proxy::url(const std::string& of) const {
  const std::size_t host = of.rfind("@127.0.0.1:");
  const std::size_t slash = of.find('/', host + 1);
  if (host == std::string::npos || slash == std::string::npos) throw std::runtime_error("not the tests' database");
  return of.substr(0, host + 11) + std::to_string(port_) + of.substr(slash);
}

bool Proxy::wait_until_seen(std::chrono::seconds limit) const {
  return wait_until([this] { return seen_ > 0; }, limit);
}

void Proxy::serve() {
  const auto server = static_cast<std::uint16_t>(std::atoi(std::getenv("TENON_TEST_PORT")));
  std::list<Line> lines;
  char piece[65536];
  for (;;) {
    std::vector<pollfd> watched{{bell_[0], POLLIN, 0}, {listening_, POLLIN, 0}};
    for (const Line& line : lines) {
      watched.push_back({line.worker, POLLIN, 0});
      watched.push_back({line.holding && mode_ == Mode::hold ? -1 : line.server, POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), -1);
    if (watched[0].revents != 0) break;
    std::size_t at = 2;
    for (Line& line : lines) {
      const bool from_worker = watched[at++].revents != 0;
      const bool from_server = watched[at++].revents != 0;
      if (from_worker) {
        const ssize_t n = ::recv(line.worker, piece, sizeof piece, MSG_DONTWAIT);
        if (n == 0) line.over = true;
        if (n > 0) {
          line.tail.append(piece, static_cast<std::size_t>(n));
          std::size_t end = 0;
          for (std::size_t found; (found = line.tail.find(pattern_, end)) != std::string::npos;
               end = found + pattern_.size())
            if (++seen_ % every_ == 0) line.holding = true;
          line.tail.erase(0, end);
          if (line.tail.size() > pattern_.size()) line.tail.erase(0, line.tail.size() - pattern_.size());
          write_all(line.server, piece, static_cast<std::size_t>(n));
        }
      }
      if (from_server && !line.over) {
        const ssize_t n = ::recv(line.server, piece, sizeof piece, MSG_DONTWAIT);
        if (n == 0 || line.holding) line.over = true;
        else if (n > 0) write_all(line.worker, piece, static_cast<std::size_t>(n));
      }
    }
    for (auto line = lines.begin(); line != lines.end();) {
      if (!line->over) {
        ++line;
        continue;
      }
      ::close(line->worker);
      ::close(line->server);
      line = lines.erase(line);
    }
    if (watched[1].revents != 0) {
      Line line;
      line.worker = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      line.server = connected(server);
      if (line.worker >= 0 && line.server >= 0) lines.push_back(line);
      else if (line.worker >= 0) ::close(line.worker);
    }
  }
  for (const Line& line : lines) {
    ::close(line.worker);
    ::close(line.server);
  }
}

}  // namespace support
