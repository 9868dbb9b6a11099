// /auth/v1, the API of Supabase Auth (GoTrue), for its official clients: one file an endpoint, named as GoTrue names
// it. Start reading at routes.cc.
#pragma once

#include "access/config.h"
#include "core/env.h"
#include "core/problem.h"
#include "http/router.h"
#include "identity/identity.h"
#include "oauth/oauth.h"

namespace auth_api {

using core::Task;
using http::Request;
using http::Response;

struct Config {
  bool manual_linking = false;  // AUTH_MANUAL_LINKING: users may link and unlink identities themselves
  static Config from(core::Env& env);
};

// The module: one for each event loop, like those it is built on.
struct AuthApi {
  identity::Identity& identity;
  oauth::OAuth& oauth;
  const access_control::Config& access;
  const Config config;
};

void mount(http::Router& router, AuthApi& api);

// A Problem as GoTrue's error object, also for what the server refuses before a handler runs.
http::Response error_response(const http::Request& rq, const core::Problem& problem);

}  // namespace auth_api
