#include "support/post_office.h"

using post::Office;

namespace {
std::string unique() { return core::Uuid::random().str(); }
}  // namespace

TEST_CASE("a queued email is sent once, and its log entry records every stage") {
  Office office;
  const auto ada = office.sign_up("ada+1@example.com");
  const std::string job = office.ended_job(ada, "Holidays \"2026\" <b>");
  office.queue(ada, "job_completed", job, R"({"job_id":")" + job + "\"}");
  CHECK(office.log("status", job) == "queued");
  CHECK(office.drain() == 1);
  REQUIRE(office.mails().size() == 1);
  const auto mail = office.mails()[0];
  CHECK(mail->to == std::vector<std::string>{"ada+1@example.com"});
  CHECK(mail->subject == "Your project \"Holidays \"2026\" <b>\" is ready!");
  CHECK(mail->html.find("Holidays &quot;2026&quot; &lt;b&gt;") != std::string::npos);
  CHECK(mail->key == "job_completed/" + job);
  CHECK(office.log("status", job) == "sent");
  CHECK(office.log("resend_id", job) == mail->id);
  CHECK(office.log("subject", job) == mail->subject);
  CHECK(office.log("attempts", job) == "1");
  CHECK(office.log("error_message", job) == "(null)");
  CHECK(office.scalar("select count(*) from tenon.outbox where state = 'done'") == "1");
  CHECK(office.scalar("select count(*) from tenon.outbox_leases") == "0");

  office.queue(ada, "job_completed", job);
  CHECK(office.drain() == 0);
  CHECK(office.mails().size() == 1);
}

TEST_CASE("a failed job's email states the reason and the returned credits") {
  Office office;
  const auto ada = office.sign_up();
  const std::string job = office.ended_job(ada, "Trip", "NO_PHOTOGRAPH");
  office.queue(ada, "job_failed", job, R"({"job_id":")" + job + "\"}");
  CHECK(office.drain() == 1);
  REQUIRE(office.mails().size() == 1);
  CHECK(office.mails()[0]->text.find("The file is no photograph.") != std::string::npos);
  CHECK(office.mails()[0]->text.find("credits returned") == std::string::npos);

  const std::string paid = office.ended_job(ada, "Trip", "NO_PHOTOGRAPH", "12");
  office.queue(ada, "job_failed", paid, R"({"job_id":")" + paid + "\"}");
  office.sim.inbox().clear();
  CHECK(office.drain() == 1);
  REQUIRE(office.mails().size() == 1);
  CHECK(office.mails()[0]->text.find("12 credits returned") != std::string::npos);
}

TEST_CASE("provider errors are retried, and then the email is sent once") {
  Office office;
  const auto ada = office.sign_up();
  for (const int status : {500, 429, 503}) {
    const std::string entity = unique();
    office.sim.inbox().clear();
    office.sim.inbox().fail_next({.status = status, .times = 1});
    office.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
    CHECK(office.drain() == 0);
    CHECK(office.mails().empty());
    CHECK(office.log("status", entity) == "sending");
    CHECK(office.log("error_message", entity).starts_with(std::to_string(status)));
    CHECK(office.scalar("select count(*) from tenon.outbox_ready where run_at > now()") == "1");
    office.pass_time();
    CHECK(office.drain() == 1);
    CHECK(office.mails().size() == 1);
    CHECK(office.log("status", entity) == "sent");
    CHECK(office.log("attempts", entity) == "2");
  }
}

TEST_CASE("a rate limit pauses the lane for as long as the provider demands, then everything is sent") {
  Office office;
  const auto ada = office.sign_up();
  office.sim.inbox().fail_next({.status = 429, .times = 1, .retry_after = 1});
  for (int i = 0; i < 3; ++i) office.queue(ada, "welcome", unique(), R"({"url":"http://localhost:3000/app"})");
  office.queue(ada, "welcome", unique(), R"({"url":"http://localhost:3000/app"})");
  const auto start = std::chrono::steady_clock::now();
  CHECK(office.drain() == 4);
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::seconds(1));
  CHECK(office.mails().size() == 4);
}

TEST_CASE("an email arrives once although the response to the first attempt was lost") {
  Office office;
  const auto ada = office.sign_up();
  const std::string entity = unique();
  office.sim.inbox().fail_next({.status = 502, .times = 1, .captured = true});
  office.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
  CHECK(office.drain() == 0);
  CHECK(office.mails().size() == 1);
  office.pass_time();
  CHECK(office.drain() == 1);
  REQUIRE(office.mails().size() == 1);
  CHECK(office.log("resend_id", entity) == office.mails()[0]->id);
}

TEST_CASE("when a worker dies after sending, the next one sends no second email") {
  Office office;
  const auto ada = office.sign_up();
  const std::string entity = unique();
  office.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
  CHECK(office.drain() == 1);
  // The same row as a crash before the mark would have left it; the mark took the link out of the payload.
  office.owner.script("update public.email_log set status = 'sending', resend_id = null where entity = '" + entity +
                      "';"
                      R"(update tenon.outbox set state = 'ready', ended_at = null,
                        payload = payload || '{"url":"http://localhost:3000/app"}';)"
                      "insert into tenon.outbox_leases (lane, ids, expires_at)"
                      " select 'mail', array_agg(id), now() - interval '1 second' from tenon.outbox");
  CHECK(office.drain() == 1);
  CHECK(office.mails().size() == 1);
  CHECK(office.log("status", entity) == "sent");
  CHECK(office.log("resend_id", entity) == office.mails()[0]->id);
}

TEST_CASE("a title changed between two attempts causes no second email") {
  Office office;
  const auto ada = office.sign_up();
  const std::string job = office.ended_job(ada, "Before");
  office.sim.inbox().fail_next({.status = 500, .times = 1, .captured = true});
  office.queue(ada, "job_completed", job);
  CHECK(office.drain() == 0);
  office.owner.script("update public.projects set title = 'After' where user_id = '" + ada.str() + "'");
  office.pass_time();
  CHECK(office.drain() == 1);
  CHECK(office.mails().size() == 1);
  CHECK(office.log("status", job) == "sent");
}

TEST_CASE("an email that the provider rejects fails at once, with the reason") {
  Office office;
  const auto ada = office.sign_up();
  const std::string entity = unique();
  office.sim.inbox().fail_next({.status = 403, .name = "validation_error", .times = 1});
  office.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
  CHECK(office.drain() == 1);
  CHECK(office.log("status", entity) == "failed");
  CHECK(office.log("error_message", entity).find("validation_error") != std::string::npos);
  CHECK(office.scalar("select state from tenon.outbox") == "failed");
}

TEST_CASE("after eight attempts an email fails, in the log too") {
  Office office;
  const auto ada = office.sign_up();
  const std::string entity = unique();
  office.sim.inbox().fail_next({.status = 500, .times = 100});
  office.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
  int ended = 0;
  for (int i = 0; i < 8; ++i) {
    CHECK(office.log("status", entity) != "failed");
    ended += office.drain();
    office.pass_time();
  }
  CHECK(ended == 1);
  CHECK(office.log("status", entity) == "failed");
  CHECK(office.log("attempts", entity) == "8");
  CHECK(office.scalar("select state || attempts from tenon.outbox") == "failed8");
  CHECK(office.drain() == 0);
}

TEST_CASE("without an API key emails are skipped and nothing is sent") {
  Office office("");
  const auto ada = office.sign_up();
  const std::string entity = unique();
  office.queue(ada, "welcome", entity, R"({"url":"http://localhost:3000/app"})");
  CHECK(office.drain() == 1);
  CHECK(office.log("status", entity) == "skipped");
  CHECK(office.log("subject", entity) == "Welcome to Tenon");
  CHECK(office.mails().empty());
}

TEST_CASE("a switched-off preference queues nothing; security emails ignore preferences") {
  Office office;
  const auto ada = office.sign_up();
  office.owner.query("insert into public.user_notification_prefs (user_id, email_job_completed) values ($1, false)",
                     {ada.str()});
  const std::string job = office.ended_job(ada, "Quiet");
  office.queue(ada, "job_completed", job);
  office.queue(ada, "recovery", unique(), R"({"url":"http://localhost:3000/reset?token_hash=x","code":"123456"})");
  CHECK(office.drain() == 1);
  CHECK(office.log("status", job) == "skipped");
  REQUIRE(office.mails().size() == 1);
  CHECK(office.mails()[0]->subject == "Reset your password");
}

TEST_CASE("an email about a deleted project is skipped") {
  Office office;
  const auto ada = office.sign_up();
  const std::string entity = unique();
  office.queue(ada, "job_completed", entity, R"({"job_id":")" + entity + "\"}");
  CHECK(office.drain() == 1);
  CHECK(office.log("status", entity) == "skipped");
}

TEST_CASE("an unreachable provider is retried, and codes and links never reach the log table") {
  Office office("re_test", "http://127.0.0.1:1");
  const auto ada = office.sign_up();
  const std::string entity = unique();
  office.queue(ada, "confirm", entity,
               R"({"url":"http://localhost:3000/verify?token_hash=topsecret","code":"918273"})");
  CHECK(office.drain() == 0);
  CHECK(office.log("status", entity) == "sending");
  CHECK(office.log("error_message", entity).starts_with("no response"));
  CHECK(office.scalar(
            "select count(*) from public.email_log l where l::text like '%topsecret%' or l::text like '%918273%'") ==
        "0");
  CHECK(office.scalar("select count(*) from tenon.outbox where last_error like '%topsecret%'") == "0");
}

namespace {

// Seconds from the commit until the provider has the mail, with a dispatcher that has been idle.
core::Task<double> seconds_to_arrive(Office& office, core::UserId user) {
  auto run = [](outbox::OutboxDispatcher& c) -> core::Task<> { co_await c.run(); };
  core::TaskGroup group(office.loop);
  group.spawn("test.dispatcher", run(*office.dispatcher));
  while (office.scalar("select count(*) from pg_stat_activity where query ilike 'listen%'") == "0")
    co_await core::sleep_for(std::chrono::milliseconds(20));
  auto put = [](pg::Tx& tx, core::UserId to) -> core::Task<> {
    co_await outbox::queue_mail(tx, to, "welcome", unique(), R"({"url":"http://localhost:3000/app"})");
  };
  double longest = 0;  // of several, since a poll may come just in time
  for (std::size_t n = 1; n <= 5; ++n) {
    const auto start = std::chrono::steady_clock::now();
    co_await office.db->in(pg::as_service("a test queues"), put, user);
    while (office.mails().size() < n && std::chrono::steady_clock::now() - start < std::chrono::seconds(10))
      co_await core::sleep_for(std::chrono::milliseconds(5));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    longest = std::max(longest, took.count());
    while (office.scalar("select count(*) from tenon.outbox where state = 'ready'") != "0")
      co_await core::sleep_for(std::chrono::milliseconds(5));
  }
  group.request_stop();
  co_await group.join();
  co_return longest;
}

}  // namespace

TEST_CASE("a running dispatcher is woken by the commit, not by polling") {
  Office office;
  const auto ada = office.sign_up();
  const double took = office.loop.run_until(seconds_to_arrive(office, ada));
  MESSAGE("from commit to the provider: " << took * 1000 << " ms");
  CHECK(took < 0.7);
  CHECK(office.scalar("select state from tenon.outbox") == "done");
}
