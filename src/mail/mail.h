// Mails through Resend's API, the page of a person's settings, and the internal callback that queues a job's mail.
// Others queue by outbox::queue_mail; what each kind wants in `extra` stands in README.md. Start reading at deliver.cc.
#pragma once

#include <string>

#include "core/env.h"
#include "core/loop.h"
#include "http/client.h"
#include "http/router.h"
#include "outbox/outbox.h"
#include "pg/pg.h"

namespace mail {

using core::Task;

struct Config {
  core::Secret api_key;                             // RESEND_API_KEY; without it mails are logged as skipped
  std::string sender = "App <hello@example.com>";   // RESEND_FROM
  std::string api_base = "https://api.resend.com";  // RESEND_API_BASE
  std::string site_url = "http://localhost:3000";   // APP_BASE_URL: what links in mails start with
  int per_second = 2;                               // RESEND_RATE: mails a second, until answers say
  core::Secret webhook_secret;                      // RESEND_WEBHOOK_SECRET (whsec_…); without it no event is accepted
  static Config from(core::Env& env);
};

// The module. One for each loop, as the Db it speaks through.
struct Mail {
  Mail(core::Loop& loop, http::Client& client, pg::Db& db, Config config);
  Mail(const Mail&) = delete;
  Mail& operator=(const Mail&) = delete;

  core::Loop& loop;
  http::Client& client;
  pg::Db& db;
  const Config config;
};

// Names the lane "mail" with its rate and delivers kind "mail".
void register_deliveries(outbox::OutboxDispatcher& courier, Mail& mail);

// /api/internal/notify, /api/resend/webhook, /app/settings, /app/settings/notifications.
void mount(http::Router& router, Mail& mail);

}  // namespace mail
