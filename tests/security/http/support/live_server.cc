#include "security/http/support/live_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "core/text.h"

namespace live {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

core::Task<std::optional<http::Response>> FakeAccess::admit(http::Request& rq, http::Access who) {
  if (who == http::Access::anyone) co_return std::nullopt;
  rq.csrf_token = "form-token";
  if (rq.header("authorization") == "Bearer ada") {
    rq.caller.kind = http::Caller::Kind::user;
    rq.caller.user = *core::UserId::parse("0190c8a4-7b1e-7cc0-8000-000000000001");
    rq.csrf_pending = rq.stream != nullptr && rq.headers.has("x-cookie");
    co_return std::nullopt;
  }
  if (who == http::Access::visitor) co_return std::nullopt;
  co_return http::problem(core::Problem(401, "access.unauthorized"), rq);
}

http::ServerConfig quick() {
  http::ServerConfig config;
  config.timeouts = {.head = 400ms,
                     .body = 400ms,
                     .body_rate = 1024,
                     .stall = 1500ms,
                     .whole_body = 10s,
                     .idle = 600ms,
                     .reader = 500ms,
                     .linger = 300ms};
  return config;
}

namespace {

// A page for browsers, else JSON, as the product has it.
http::Response page_or_json(const http::Request& rq, const core::Problem& problem) {
  if (!rq.wants_html()) return http::problem(problem, rq);
  http::Response page = http::text("<!doctype html><p>" + std::string(problem.what()) + " " + rq.request_id);
  page.status = problem.status;
  for (const auto& [name, value] : problem.headers) page.headers.set(name, value);
  return std::move(page).header("Content-Type", "text/html; charset=utf-8");
}

}  // namespace

Server::Server(const std::function<void(http::Router&)>& mount, http::ServerConfig config)
    : server_(loop_, std::move(config), router_, access_), drained_(std::make_shared<std::atomic<bool>>(false)) {
  router_.group("/", {.errors = page_or_json});
  for (const char* api : {"/api", "/auth/v1", "/rest/v1", "/storage/v1"})
    router_.group(api, {.errors = [](const http::Request& rq,
                                     const core::Problem& problem) { return http::problem(problem, rq); },
                        .cors = std::string_view(api) == "/api" ? http::Cors::same_origin : http::Cors::any_origin,
                        .encoded_bodies = std::string_view(api) == "/storage/v1" ? http::EncodedBodies::kept
                                                                                 : http::EncodedBodies::refused});
  mount(router_);
  port_ = server_.listen(0);
  thread_ = std::thread([this] { loop_.run(); });
}

Server::~Server() {
  if (!drained()) {
    start_drain(200ms);
    while (!drained()) std::this_thread::yield();
  }
  std::promise<void> joined;
  loop_.post([&] { loop_.stop(); });
  thread_.join();
  loop_.run_until(tasks_.join());
}

void Server::on_loop(const std::function<void(http::Server&)>& fn) {
  std::promise<void> done;
  loop_.post([&] {
    fn(server_);
    done.set_value();
  });
  done.get_future().wait();
}

void Server::start_drain(std::chrono::milliseconds grace) {
  loop_.post([this, grace] {
    tasks_.spawn("drain",
                 [](http::Server& server, std::chrono::milliseconds at_most,
                    std::shared_ptr<std::atomic<bool>> flag) -> core::Task<> {
                   co_await server.drain(at_most);
                   *flag = true;
                 }(server_, grace, drained_));
  });
}

bool Server::drained() const { return *drained_; }

std::string Answer::header(std::string_view name) const {
  for (std::string_view line : core::split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && core::iequals(line.substr(0, colon), name))
      return std::string(core::trim(line.substr(colon + 1)));
  }
  return "";
}

Socket::Socket(int port, int receive_buffer) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    ::close(fd_);
    throw std::runtime_error("cannot connect");
  }
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

void Socket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void Socket::half_close() { ::shutdown(fd_, SHUT_WR); }

void Socket::reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(std::exchange(fd_, -1));
}

bool Socket::fill(Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
  pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
  if (::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0) return false;
  char bytes[65536];
  const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
  closed_ = n <= 0;
  if (closed_) return false;
  in_.append(bytes, static_cast<std::size_t>(n));
  return true;
}

std::string Socket::some() {
  if (in_.empty()) fill(Clock::now() + 5s);
  return std::exchange(in_, {});
}

std::optional<std::string> Socket::until_closed(std::chrono::milliseconds at_most) {
  const auto until = Clock::now() + at_most;
  while (fill(until)) {
  }
  if (!closed_) return std::nullopt;
  return std::exchange(in_, {});
}

Answer Socket::answer(bool to_head) {
  const auto until = Clock::now() + 5s;
  std::size_t end;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos)
    if (!fill(until)) return {};
  Answer out;
  out.head = in_.substr(0, end + 2);
  in_.erase(0, end + 4);
  out.status = std::stoi(out.head.substr(9, 3));
  if (to_head || out.status == 204 || out.status == 304 || out.status == 100) return out;
  if (out.header("transfer-encoding") == "chunked") {
    for (;;) {
      std::size_t line;
      while ((line = in_.find("\r\n")) == std::string::npos)
        if (!fill(until)) return out;
      const std::size_t size = std::stoul(in_.substr(0, line), nullptr, 16);
      while (in_.size() < line + 2 + size + 2)
        if (!fill(until)) return out;
      out.body += in_.substr(line + 2, size);
      in_.erase(0, line + 2 + size + 2);
      if (size == 0) return out;
    }
  }
  const std::string length = out.header("content-length");
  const std::size_t size = length.empty() ? std::string::npos : std::stoul(length);
  while (in_.size() < size)
    if (!fill(until)) break;
  out.body = in_.substr(0, size);
  in_.erase(0, out.body.size());
  return out;
}

Answer ask(int port, std::string_view bytes) {
  Socket socket(port);
  socket.send(bytes);
  return socket.answer();
}

std::string get(std::string_view path, std::string_view headers) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}

}  // namespace live
