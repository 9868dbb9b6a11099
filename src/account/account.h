// The pages of an account: sign-up, sign-in, password reset, and the settings under /app/settings. Start reading at
// routes.cc.
#pragma once

#include "access/config.h"
#include "http/router.h"
#include "identity/identity.h"
#include "oauth/oauth.h"

namespace account {

using core::Task;
using http::Request;
using http::Response;

// The module: one for each event loop, like those it is built on.
struct Account {
  identity::Identity& identity;
  oauth::OAuth& oauth;
  const access_control::Config& access;
};

void mount(http::Router& router, Account& account);

}  // namespace account
