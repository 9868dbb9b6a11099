#include "mail/mail.h"

namespace mail {

Config Config::from(core::Env& env) {
  Config out;
  out.api_key = env.secret("RESEND_API_KEY");
  out.sender = env.text("RESEND_FROM", "App <hello@example.com>");
  out.api_base = env.url("RESEND_API_BASE", "https://api.resend.com");
  out.site_url = env.url("APP_BASE_URL", "http://localhost:3000");
  out.per_second = static_cast<int>(env.integer("RESEND_RATE", 2, 1, 100));
  out.webhook_secret = env.secret("RESEND_WEBHOOK_SECRET");
  if (out.sender.find('@') == std::string::npos || out.sender.find_first_of("\r\n") != std::string::npos)
    env.fault("RESEND_FROM is \"" + out.sender + "\"; it must be an address, or Name <address>.");
  return out;
}

Mail::Mail(core::Loop& on, http::Client& http_client, pg::Db& database, Config settings)
    : loop(on), client(http_client), db(database), config(std::move(settings)) {}

}  // namespace mail
