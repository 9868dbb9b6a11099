// One account's emails must not hold up everybody's, nor spend the operator's quota (docs/spec/security.md 1.11).
#include <algorithm>
#include <string>

#include "integration/mail/support/mail_app.h"

using support::MailApp;

namespace {

// As many jobs of a user end as an attacker can start.
void end_jobs(MailApp& app, core::UserId user, const std::string& kind, int n) {
  for (int i = 0; i < n; ++i) app.queue(user, kind, core::Uuid::random().str());
}

std::string rows(MailApp& app, const std::string& what, core::UserId user) {
  return app.scalar("select count(*) from public.email_log where user_id = $1 and " + what, {user.str()});
}

}  // namespace

TEST_CASE("an email that somebody waits for at the screen goes before all others that wait") {
  MailApp app;
  std::vector<core::UserId> users;
  for (int i = 0; i < 30; ++i) users.push_back(app.sign_up());
  for (const auto& user : users) app.queue(user, "welcome", user.str(), R"({"url":"/app"})");
  for (const char* kind : {"confirm", "recovery", "magic_link", "email_change", "reauthentication", "invite"}) {
    CAPTURE(kind);
    const auto late = app.sign_up();
    app.queue(late, kind, late.str(), R"({"url":"https://x.example/","code":"123456","new_email":"n@example.com"})");
    CHECK(app.scalar("select user_id from tenon.outbox_claim('mail', null, 60, 1)") == late.str());
  }
}

TEST_CASE("a user gets ten emails about jobs an hour, and one digest of the others when it ends") {
  MailApp app;
  const auto ada = app.sign_up("digest@example.com");
  const auto bob = app.sign_up();
  end_jobs(app, ada, "job_failed", 205);
  end_jobs(app, ada, "job_completed", 3);
  end_jobs(app, bob, "job_failed", 1);
  CHECK(rows(app, "kind = 'job_failed' and status = 'queued'", ada) == "10");
  CHECK(rows(app, "kind = 'jobs_digest'", ada) == "1");
  CHECK(rows(app, "kind = 'jobs_digest'", bob) == "0");
  CHECK(rows(app, "kind = 'job_failed' and status = 'queued'", bob) == "1");
  CHECK(app.scalar("select count(*) from tenon.outbox where user_id = $1", {ada.str()}) == "11");
  CHECK(app.scalar("select count(*) from tenon.outbox_ready where owner = $1 and turn is null and run_at > now()",
                   {ada.str()}) == "1");

  app.drain();
  app.pass_time();
  CHECK(app.drain() == 1);
  REQUIRE(app.mails().size() == 1);  // the jobs of this test do not exist, so nothing else mentions them
  CHECK(app.mails()[0]->to == std::vector<std::string>{"digest@example.com"});
  CHECK(app.mails()[0]->text.find("3 completed, 195 failed") != std::string::npos);
  CHECK(app.mails()[0]->text.find("/app/projects") != std::string::npos);
}

TEST_CASE("the bound on emails about jobs leaves those about the account alone") {
  MailApp app;
  const auto ada = app.sign_up();
  end_jobs(app, ada, "job_failed", 12);
  end_jobs(app, ada, "new_sign_in", 3);
  end_jobs(app, ada, "recovery", 3);
  CHECK(rows(app, "kind in ('new_sign_in', 'recovery') and status = 'queued'", ada) == "6");
}
