// What the connections of one loop share.
#pragma once

#include <chrono>
#include <memory>
#include <unordered_set>

#include "core/loop.h"
#include "core/task_context.h"
#include "http/serve/policy.h"
#include "http/serve/proxies.h"
#include "http/server.h"

namespace http::serve {

class Connection;
using SteadyTime = std::chrono::steady_clock::time_point;

struct Hub {
  core::Loop& loop;
  ServerConfig config;
  const Router& router;
  AccessControl& access;
  Server::Translate translate;
  Policy policy;
  Proxies proxies;
  core::TaskGroup connection_tasks;
  core::TaskGroup handler_tasks;
  std::unordered_set<Connection*> connections;
  core::Event one_ended;  // set each time a connection ends, for drain()
  std::shared_ptr<core::TaskContext> between =
      std::make_shared<core::TaskContext>();  // of connections without a request
  bool draining = false;

  Hub(core::Loop& on, ServerConfig settings, const Router& routes, AccessControl& control)
      : loop(on),
        config(std::move(settings)),
        router(routes),
        access(control),
        policy(config),
        proxies(config.trusted_proxies),
        connection_tasks(on),
        handler_tasks(on) {}
};

}  // namespace http::serve
