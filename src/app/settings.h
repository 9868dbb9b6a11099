// The configuration of every module, read once at start. All faults are reported together; then exit 78 (EX_CONFIG).
#pragma once

#include "access/config.h"
#include "auth_api/auth_api.h"
#include "core/env.h"
#include "html/site_config.h"
#include "http/server.h"
#include "identity/config.h"
#include "jobs/jobs.h"
#include "mail/mail.h"
#include "oauth/config.h"
#include "pg/pg.h"
#include "rest/rest.h"
#include "sim/sim.h"
#include "storage/storage.h"

namespace app {

struct Settings {
  bool production = false;
  int port = 3000;            // PORT
  int api_port = 0;           // TENON_API_PORT: the API also answers here; 0: not
  int loops = 2;              // WEB_LOOPS: event loops, one thread each
  bool outbox_only = false;   // TENON_OUTBOX_ONLY: the worker claims no pipeline job
  std::string demo_password;  // TENON_DEMO_PASSWORD: the seed's demo user, development only
  pg::Config db;
  identity::Config identity;
  oauth::Config oauth;
  access_control::Config access;
  auth_api::Config auth_api;
  storage::Config storage;
  http::ServerConfig server;
  mail::Config mail;
  rest::Config rest;
  jobs::Config jobs;
  html::Config html;
  sim::Config sim;
  std::map<std::string, std::string> asked;  // every variable with its fallback

  // Throws Faults with every sentence when something is wrong.
  static Settings from(core::Env& env);
  // Leaves what is wrong in env.faults().
  static Settings read(core::Env& env);
};

// The configuration, or the database in production, is not fit for a start. what() names every fault; exit 78.
class Faults : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace app
