#include "integration/mail/support/mail_app.h"
#include "support/wait.h"

using support::MailApp;

namespace {
std::string unique() { return core::Uuid::random().str(); }
}  // namespace

TEST_CASE("a queued email is sent once, and its log entry records every stage") {
  MailApp app;
  const auto ada = app.sign_up("ada+1@example.com");
  const std::string job = app.ended_job(ada, "Holidays \"2026\" <b>");
  app.queue(ada, "job_completed", job, R"({"job_id":")" + job + "\"}");
  CHECK(app.log("status", job) == "queued");
  CHECK(app.drain() == 1);
  REQUIRE(app.mails().size() == 1);
  const auto mail = app.mails()[0];
  CHECK(mail->to == std::vector<std::string>{"ada+1@example.com"});
  CHECK(mail->subject == "Your project \"Holidays \"2026\" <b>\" is ready!");
  CHECK(mail->html.find("Holidays &quot;2026&quot; &lt;b&gt;") != std::string::npos);
  CHECK(mail->key == "job_completed/" + job);
  CHECK(app.log("status", job) == "sent");
  CHECK(app.log("resend_id", job) == mail->id);
  CHECK(app.log("subject", job) == mail->subject);
  CHECK(app.log("attempts", job) == "1");
  CHECK(app.log("error_message", job) == "(null)");
  CHECK(app.scalar("select count(*) from tenon.outbox where state = 'done'") == "1");
  CHECK(app.scalar("select count(*) from tenon.outbox_leases") == "0");

  app.queue(ada, "job_completed", job);
  CHECK(app.drain() == 0);
  CHECK(app.mails().size() == 1);
}

TEST_CASE("a failed job's email states the reason and the returned credits") {
  MailApp app;
  const auto ada = app.sign_up();
  const std::string job = app.ended_job(ada, "Trip", "NO_PHOTOGRAPH");
  app.queue(ada, "job_failed", job, R"({"job_id":")" + job + "\"}");
  CHECK(app.drain() == 1);
  REQUIRE(app.mails().size() == 1);
  CHECK(app.mails()[0]->text.find("The file is no photograph.") != std::string::npos);
  CHECK(app.mails()[0]->text.find("credits returned") == std::string::npos);

  const std::string paid = app.ended_job(ada, "Trip", "NO_PHOTOGRAPH", "12");
  app.queue(ada, "job_failed", paid, R"({"job_id":")" + paid + "\"}");
  app.sim.inbox().clear();
  CHECK(app.drain() == 1);
  REQUIRE(app.mails().size() == 1);
  CHECK(app.mails()[0]->text.find("12 credits returned") != std::string::npos);
}

TEST_CASE("provider errors are retried, and then the email is sent once") {
  MailApp app;
  const auto ada = app.sign_up();
  for (const int status : {500, 429, 503}) {
    const std::string entity = unique();
    app.sim.inbox().clear();
    app.sim.inbox().fail_next({.status = status, .times = 1});
    app.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
    CHECK(app.drain() == 0);
    CHECK(app.mails().empty());
    CHECK(app.log("status", entity) == "sending");
    CHECK(app.log("error_message", entity).starts_with(std::to_string(status)));
    CHECK(app.scalar("select count(*) from tenon.outbox_ready where run_at > now()") == "1");
    app.pass_time();
    CHECK(app.drain() == 1);
    CHECK(app.mails().size() == 1);
    CHECK(app.log("status", entity) == "sent");
    CHECK(app.log("attempts", entity) == "2");
  }
}

TEST_CASE("a rate limit pauses the lane for as long as the provider demands, then everything is sent") {
  MailApp app;
  const auto ada = app.sign_up();
  app.sim.inbox().fail_next({.status = 429, .times = 1, .retry_after = 1});
  for (int i = 0; i < 3; ++i) app.queue(ada, "welcome", unique(), R"({"url":"http://localhost:3000/app"})");
  app.queue(ada, "welcome", unique(), R"({"url":"http://localhost:3000/app"})");
  const auto start = std::chrono::steady_clock::now();
  CHECK(app.drain() == 4);
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::seconds(1));
  CHECK(app.mails().size() == 4);
}

TEST_CASE("an email arrives once although the response to the first attempt was lost") {
  MailApp app;
  const auto ada = app.sign_up();
  const std::string entity = unique();
  app.sim.inbox().fail_next({.status = 502, .times = 1, .captured = true});
  app.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
  CHECK(app.drain() == 0);
  CHECK(app.mails().size() == 1);
  app.pass_time();
  CHECK(app.drain() == 1);
  REQUIRE(app.mails().size() == 1);
  CHECK(app.log("resend_id", entity) == app.mails()[0]->id);
}

TEST_CASE("when a worker dies after sending, the next one sends no second email") {
  MailApp app;
  const auto ada = app.sign_up();
  const std::string entity = unique();
  app.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
  CHECK(app.drain() == 1);
  // The same row as a crash before the mark would have left it; the mark took the link out of the payload.
  app.owner.script("update public.email_log set status = 'sending', resend_id = null where entity = '" + entity +
                   "';"
                   R"(update tenon.outbox set state = 'ready', ended_at = null,
                        payload = payload || '{"url":"http://localhost:3000/app"}';)"
                   "insert into tenon.outbox_leases (lane, ids, expires_at)"
                   " select 'mail', array_agg(id), now() - interval '1 second' from tenon.outbox");
  CHECK(app.drain() == 1);
  CHECK(app.mails().size() == 1);
  CHECK(app.log("status", entity) == "sent");
  CHECK(app.log("resend_id", entity) == app.mails()[0]->id);
}

TEST_CASE("a title changed between two attempts causes no second email") {
  MailApp app;
  const auto ada = app.sign_up();
  const std::string job = app.ended_job(ada, "Before");
  app.sim.inbox().fail_next({.status = 500, .times = 1, .captured = true});
  app.queue(ada, "job_completed", job);
  CHECK(app.drain() == 0);
  app.owner.script("update public.projects set title = 'After' where user_id = '" + ada.str() + "'");
  app.pass_time();
  CHECK(app.drain() == 1);
  CHECK(app.mails().size() == 1);
  CHECK(app.log("status", job) == "sent");
}

TEST_CASE("an email that the provider rejects fails at once, with the reason") {
  MailApp app;
  const auto ada = app.sign_up();
  const std::string entity = unique();
  app.sim.inbox().fail_next({.status = 403, .name = "validation_error", .times = 1});
  app.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
  CHECK(app.drain() == 1);
  CHECK(app.log("status", entity) == "failed");
  CHECK(app.log("error_message", entity).find("validation_error") != std::string::npos);
  CHECK(app.scalar("select state from tenon.outbox") == "failed");
}

TEST_CASE("after eight attempts an email fails, in the log too") {
  MailApp app;
  const auto ada = app.sign_up();
  const std::string entity = unique();
  app.sim.inbox().fail_next({.status = 500, .times = 100});
  app.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
  int ended = 0;
  for (int i = 0; i < 8; ++i) {
    CHECK(app.log("status", entity) != "failed");
    ended += app.drain();
    app.pass_time();
  }
  CHECK(ended == 1);
  CHECK(app.log("status", entity) == "failed");
  CHECK(app.log("attempts", entity) == "8");
  CHECK(app.scalar("select state || attempts from tenon.outbox") == "failed8");
  CHECK(app.drain() == 0);
}

TEST_CASE("without an API key emails are skipped and nothing is sent") {
  MailApp app("");
  const auto ada = app.sign_up();
  const std::string entity = unique();
  app.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
  CHECK(app.drain() == 1);
  CHECK(app.log("status", entity) == "skipped");
  CHECK(app.log("subject", entity) == "Welcome to Tenon");
  CHECK(app.mails().empty());
}

TEST_CASE("a switched-off preference queues nothing; security emails ignore preferences") {
  MailApp app;
  const auto ada = app.sign_up();
  app.owner.query("insert into public.user_notification_prefs (user_id, email_job_completed) values ($1, false)",
                  {ada.str()});
  const std::string job = app.ended_job(ada, "Quiet");
  app.queue(ada, "job_completed", job);
  app.queue(ada, "recovery", unique(), R"({"url":"http://localhost:3000/reset?token_hash=x","code":"123456"})");
  CHECK(app.drain() == 1);
  CHECK(app.log("status", job) == "skipped");
  REQUIRE(app.mails().size() == 1);
  CHECK(app.mails()[0]->subject == "Reset your password");
}

TEST_CASE("an email about a deleted project is skipped") {
  MailApp app;
  const auto ada = app.sign_up();
  const std::string entity = unique();
  app.queue(ada, "job_completed", entity, R"({"job_id":")" + entity + "\"}");
  CHECK(app.drain() == 1);
  CHECK(app.log("status", entity) == "skipped");
}

TEST_CASE("an unreachable provider is retried, and codes and links never reach the log table") {
  MailApp app("re_test", "http://127.0.0.1:1");
  const auto ada = app.sign_up();
  const std::string entity = unique();
  app.queue(ada, "confirm", entity, R"({"url":"http://localhost:3000/verify?token_hash=topsecret","code":"918273"})");
  CHECK(app.drain() == 0);
  CHECK(app.log("status", entity) == "sending");
  CHECK(app.log("error_message", entity).starts_with("no response"));
  CHECK(app.scalar(
            "select count(*) from public.email_log l where l::text like '%topsecret%' or l::text like '%918273%'") ==
        "0");
  CHECK(app.scalar("select count(*) from tenon.outbox where last_error like '%topsecret%'") == "0");
}

namespace {

// Seconds from the commit until the provider has the mail, with a dispatcher that has been idle.
core::Task<double> seconds_to_arrive(MailApp& app, core::UserId user) {
  auto run = [](outbox::OutboxDispatcher& c) -> core::Task<> { co_await c.run(); };
  core::TaskGroup group(app.loop);
  group.spawn("test.dispatcher", run(*app.dispatcher));
  CHECK(co_await support::until(
      [&] { return app.scalar("select count(*) from pg_stat_activity where query ilike 'listen%'") != "0"; }));
  auto put = [](pg::Tx& tx, core::UserId to) -> core::Task<> {
    co_await outbox::queue_mail(tx, to, "welcome", unique(), R"({"url":"http://localhost:3000/app"})");
  };
  double longest = 0;  // of several, since a poll may come just in time
  for (std::size_t n = 1; n <= 5; ++n) {
    const auto start = std::chrono::steady_clock::now();
    co_await app.db().in(pg::as_service("a test queues"), put, user);
    co_await support::until([&] { return app.mails().size() >= n; });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    longest = std::max(longest, took.count());
    CHECK(co_await support::until(
        [&] { return app.scalar("select count(*) from tenon.outbox where state = 'ready'") == "0"; }));
  }
  group.request_stop();
  co_await group.join();
  co_return longest;
}

}  // namespace

TEST_CASE("a running dispatcher is woken by the commit, not by polling") {
  MailApp app;
  const auto ada = app.sign_up();
  const double took = app.loop.run_until(seconds_to_arrive(app, ada));
  MESSAGE("from commit to the provider: " << took * 1000 << " ms");
  CHECK(took < 0.7);
  CHECK(app.scalar("select state from tenon.outbox") == "done");
}

TEST_CASE("the email about a new sign-in names the device in its reader's language") {
  MailApp app;
  const auto dieter = app.sign_up();
  app.owner.query("update public.profiles set locale = 'de' where id = $1", {dieter.str()});
  app.queue(dieter, "new_sign_in", unique(),
            R"({"browser":"Chrome","system":"Windows","place":"198.51.100.7","time":"2026-11-30T21:00:00Z"})");
  CHECK(app.drain() == 1);
  REQUIRE(app.mails().size() == 1);
  CHECK(app.mails()[0]->text.find("Chrome auf Windows") != std::string::npos);
  CHECK(app.mails()[0]->text.find("198.51.100.7") != std::string::npos);
}
