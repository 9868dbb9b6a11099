// Emails through Resend's API. Other modules queue an email with outbox::queue_mail; what
// each kind needs in `extra` is listed in README.md. Start reading at deliver.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/env.h"
#include "core/ids.h"
#include "core/loop.h"
#include "http/client.h"
#include "http/router.h"
#include "outbox/outbox.h"
#include "pg/pg.h"

namespace mail {

using core::Task;

struct Config {
  core::Secret api_key;                             // RESEND_API_KEY; without it emails are logged as skipped
  std::string sender = "App <hello@example.com>";   // RESEND_FROM
  std::string api_base = "https://api.resend.com";  // RESEND_API_BASE
  std::string site_url = "http://localhost:3000";   // APP_BASE_URL: origin of the links in emails
  int per_second = 2;                               // RESEND_RATE: emails a second, until Resend states its limit
  core::Secret webhook_secret;                      // RESEND_WEBHOOK_SECRET (whsec_…); without it no event is accepted
  static Config from(core::Env& env);
};

// One for each loop, like the Db it uses.
struct Mail {
  Mail(core::Loop& loop, http::Client& client, pg::Db& db, Config config);
  Mail(const Mail&) = delete;
  Mail& operator=(const Mail&) = delete;

  core::Loop& loop;
  http::Client& client;
  pg::Db& db;
  const Config config;
};

// The facts in an email about a finished job. Mail reads no table of jobs; app/ passes in the function that does.
struct FinishedJob {
  core::ProjectId project;
  std::string title;   // of the project
  std::string reason;  // why the job failed, in the recipient's language; may be empty
  std::int64_t returned_credits = 0;
};
// Nothing when the job or its project is gone.
using FindFinishedJob = std::function<Task<std::optional<FinishedJob>>(core::JobId job, std::string locale)>;

// The lane "mail" with its rate, and the delivery of kind "mail".
void register_deliveries(outbox::OutboxDispatcher& dispatcher, Mail& mail, FindFinishedJob find_job);

// /api/resend/webhook.
void mount(http::Router& router, Mail& mail);

}  // namespace mail
