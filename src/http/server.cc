#include "http/server.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <stdexcept>

#include "core/log.h"
#include "core/text.h"
#include "http/serve/connection.h"
#include "http/serve/listener.h"

namespace http {

using serve::Connection;
using serve::Listener;
using serve::ServerState;

ServerConfig ServerConfig::from(core::Env& env) {
  ServerConfig config;
  config.bind = env.text("TENON_BIND", env.production() ? "0.0.0.0" : "127.0.0.1");
  config.max_connections = static_cast<int>(env.integer("MAX_CONNECTIONS", 10000, 1, 1000000));
  config.connections_each =
      static_cast<int>(env.integer("MAX_CONNECTIONS_EACH", std::max(1, config.max_connections / 10), 1, 1000000));
  config.base_url = env.url("APP_BASE_URL", "http://localhost:3000");
  for (std::string_view entry : core::split(env.text("TRUSTED_PROXIES"), ','))
    if (!core::trim(entry).empty()) config.trusted_proxies.emplace_back(core::trim(entry));
  try {
    const serve::TrustedProxies checked(config.trusted_proxies);
  } catch (const std::invalid_argument& e) {
    env.fault(e.what());
    config.trusted_proxies.clear();
  }
  return config;
}

namespace {

std::chrono::milliseconds tick_of(const Timeouts& timeouts) {
  const auto shortest = std::min({timeouts.head, timeouts.body, timeouts.idle, timeouts.reader, timeouts.linger});
  return std::clamp<std::chrono::milliseconds>(shortest / 4, std::chrono::milliseconds(5),
                                               std::chrono::milliseconds(250));
}

std::vector<std::shared_ptr<Connection>> all_of(const ServerState& server) {
  std::vector<std::shared_ptr<Connection>> out;
  out.reserve(server.connections.size());
  for (Connection* one : server.connections) out.push_back(one->shared_from_this());
  return out;
}

// The same address in the other family, so that "localhost" works by IPv4 and IPv6.
std::string sister_of(const std::string& address) {
  if (address == "127.0.0.1") return "::1";
  if (address == "0.0.0.0") return "::";
  return "";
}

}  // namespace

struct Server::Impl : ServerState {
  using ServerState::ServerState;
  std::vector<std::shared_ptr<Listener>> listeners;
  // One timer for the deadlines of all connections, checked a few times a second.
  std::shared_ptr<boost::asio::steady_timer> ticker;

  void tick() {
    ticker->expires_after(tick_of(config.timeouts));
    ticker->async_wait([this, keep = ticker](const boost::system::error_code& ec) {
      if (ec) return;
      const auto now = std::chrono::steady_clock::now();
      std::vector<std::shared_ptr<Connection>> due;
      for (Connection* one : connections)
        if (one->overdue(now)) due.push_back(one->shared_from_this());
      for (const auto& one : due) one->tick(now);
      tick();
    });
  }

  void stop_listening() {
    for (const auto& one : listeners) one->stop();
    listeners.clear();
  }
};

Server::Server(core::Loop& loop, ServerConfig config, const Router& router, AccessControl& access)
    : impl_(std::make_unique<Impl>(loop, std::move(config), router, access)) {
  std::signal(SIGPIPE, SIG_IGN);  // sendfile() has no MSG_NOSIGNAL
}

Server::~Server() {
  impl_->stop_listening();
  if (impl_->ticker) impl_->ticker->cancel();
  if (impl_->connection_tasks.size() == 0 && impl_->handler_tasks.size() == 0) return;
  // A handler that ignored its stop still refers to all this: leaked, since the process is about to end.
  core::log::warn("http.server.left_running", {{"handlers", impl_->handler_tasks.size()}});
  for (const auto& one : all_of(*impl_)) one->cut();
  if (impl_->connection_tasks.size() + impl_->handler_tasks.size() > 0) [[maybe_unused]]
    Impl* left = impl_.release();
}

void Server::translate_errors(Translate translate) { impl_->translate = std::move(translate); }

std::size_t Server::connections() const { return impl_->connections.size(); }

int Server::listen(int port) {
  auto listener = std::make_shared<Listener>(*impl_, impl_->config.bind, port);
  const int bound = listener->port();
  impl_->listeners.push_back(listener);
  listener->start();
  if (const std::string sister = sister_of(impl_->config.bind); !sister.empty()) {
    try {
      auto second = std::make_shared<Listener>(*impl_, sister, bound);
      impl_->listeners.push_back(second);
      second->start();
    } catch (const std::exception& e) {
      core::log::debug("http.listener.family_missing", {{"what", e.what()}});
    }
  }
  if (!impl_->ticker) {
    impl_->ticker = std::make_shared<boost::asio::steady_timer>(impl_->loop.io());
    impl_->tick();
  }
  return bound;
}

core::Task<> Server::drain(std::chrono::milliseconds grace) {
  ServerState& server = *impl_;
  // The caller's own context is often already stopped; these waits must still wait.
  std::shared_ptr<core::TaskContext> before = core::task_context();
  core::set_task_context(std::make_shared<core::TaskContext>());
  server.draining = true;
  impl_->stop_listening();
  for (const auto& one : all_of(server)) one->drain();
  const auto until = std::chrono::steady_clock::now() + grace;
  const auto wait_for_all = [&server](std::chrono::steady_clock::time_point end) -> core::Task<> {
    while (!server.connections.empty() && std::chrono::steady_clock::now() < end) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      const bool woken = co_await server.one_ended.wait(
          std::min(left + std::chrono::milliseconds(1), std::chrono::milliseconds(1000)));
      (void)woken;
    }
  };
  co_await wait_for_all(until);
  if (!server.connections.empty()) {
    core::log::warn("http.server.cut", {{"connections", server.connections.size()}});
    for (const auto& one : all_of(server)) one->cut();
  }
  server.handler_tasks.request_stop();
  // Abandoned handlers end at their next wait; one that does not is left behind by the destructor.
  for (int i = 0; i < 50 && server.handler_tasks.size() + server.connection_tasks.size() > 0; ++i)
    if (!co_await core::sleep_for(std::chrono::milliseconds(10))) break;
  if (impl_->ticker) impl_->ticker->cancel();
  core::set_task_context(std::move(before));
}

}  // namespace http
