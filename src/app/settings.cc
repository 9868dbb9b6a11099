#include "app/settings.h"

#include <thread>

#include "billing/billing.h"

namespace app {

Settings Settings::from(core::Env& env) {
  Settings out = read(env);
  if (env.faults().empty()) return out;
  std::string all = "the configuration is not complete:";
  for (const std::string& fault : env.faults()) all += "\n  " + fault;
  throw Faults(all);
}

Settings Settings::read(core::Env& env) {
  Settings out;
  out.production = env.production();
  out.port = static_cast<int>(env.integer("PORT", 3000, 0, 65535));
  out.api_port = static_cast<int>(env.integer("TENON_API_PORT", 0, 0, 65535));
  const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  out.loops = static_cast<int>(env.integer("WEB_LOOPS", std::clamp<std::int64_t>(cores, 1, 8), 1, 64));
  out.outbox_only = env.flag("TENON_OUTBOX_ONLY", false);
  out.demo_password = env.text("TENON_DEMO_PASSWORD");
  out.db = pg::Config::from(env);
  out.identity = identity::Config::from(env);
  out.oauth = oauth::Config::from(env);
  out.access = access_control::Config::from(env, out.identity.jwt_secret);
  out.auth_api = auth_api::Config::from(env);
  out.storage = storage::Config::from(env);
  out.server = http::ServerConfig::from(env);
  out.server.max_connections = (out.server.max_connections + out.loops - 1) / out.loops;
  out.server.csp_sources.push_back("form-action " + std::string(billing::kFormTargets));
  out.mail = mail::Config::from(env);
  out.rest = rest::Config::from(env);
  out.jobs = jobs::Config::from(env);
  out.html = html::Config::from(env);
  out.html.navigation = {{"/app", "html.nav.dashboard", "layout-dashboard"},
                         {"/app/projects", "html.nav.projects", "folder"},
                         {"/app/credits", "html.nav.credits", "coins"},
                         {"/app/settings", "html.nav.settings", "settings"}};
  out.html.settings = {{"/app/settings", "account.settings.profile", ""},
                       {"/app/settings/security", "account.security.title", ""},
                       {"/app/settings/notifications", "account.notifications.title", ""}};
  out.html.events_url = "/app/events";
  out.sim = sim::Config::from(env);
  if (out.production && !out.demo_password.empty())
    env.fault("TENON_DEMO_PASSWORD is set: the demo user is for development only.");
  if (out.production && !env.maybe("APP_BASE_URL"))
    env.fault("APP_BASE_URL is not set; links in mails and redirects start with it.");
  for (const char* name : {"RESEND_API_BASE", "STRIPE_API_BASE", "META_API_BASE"})
    if (out.production && env.text(name).find("/dev/") != std::string::npos)
      env.fault(std::string(name) + " points to a simulator, which does not exist in production.");
  out.asked = env.asked();
  return out;
}

}  // namespace app
