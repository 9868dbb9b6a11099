// Shared by all connections of one server.
#pragma once

#include <memory>
#include <unordered_set>

#include "core/loop.h"
#include "core/task_context.h"
#include "http/serve/head_writer.h"
#include "http/serve/trusted_proxies.h"
#include "http/server.h"

namespace http::serve {

class Connection;

struct ServerState {
  core::Loop& loop;
  ServerConfig config;
  const Router& router;
  AccessControl& access;
  Server::Translate translate;
  HeadWriter head_writer;
  TrustedProxies proxies;
  core::TaskGroup connection_tasks;
  core::TaskGroup handler_tasks;
  std::unordered_set<Connection*> connections;
  core::Event one_ended;  // set each time a connection ends, for drain()
  std::shared_ptr<core::TaskContext> idle_context = std::make_shared<core::TaskContext>();  // between requests
  bool draining = false;

  ServerState(core::Loop& on, ServerConfig settings, const Router& routes, AccessControl& control)
      : loop(on),
        config(std::move(settings)),
        router(routes),
        access(control),
        head_writer(config),
        proxies(config.trusted_proxies),
        connection_tasks(on),
        handler_tasks(on) {}
};

}  // namespace http::serve
