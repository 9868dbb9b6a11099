// The internal callback and the settings, as strangers and forgers meet them.
#include "integration/auth/support/house.h"
#include "mail/mail.h"

using namespace auth_test;
using http::Method;

namespace {

struct MailHouse : House {
  MailHouse()
      : House([](auth::Config& config) { config.notify_secret = core::Secret("one-secret-of-internal-calls"); }),
        client(loop),
        mail(loop, client, db(), mail::Config{}) {
    mail::mount(router, mail);
  }
  http::Client client;
  mail::Mail mail;

  Answer notify(const std::string& secret, const std::string& body, const char* type = "application/json") {
    Pairs headers{{"Content-Type", type}};
    if (!secret.empty()) headers.emplace_back("Authorization", "Bearer " + secret);
    return call(Method::post, "/api/internal/notify", headers, body);
  }
};
const std::string kSecret = "one-secret-of-internal-calls";

// A job that ended so, with no mail queued yet.
std::string job(const std::string& status, const std::string& code = "") {
  const std::string user = core::Uuid::random().str();
  rows("insert into auth.users (id, email) values ('" + user + "', '" + user + "@example.com')");
  const std::string project =
      cell("insert into public.projects (user_id, title) values ('" + user + "', 'T') returning id");
  const std::string id = core::Uuid::random().str();
  rows("insert into public.jobs (id, project_id, user_id, pipeline) values ('" + id + "', '" + project + "', '" + user +
       "', 'x')");
  if (status != "QUEUED")
    rows("update public.jobs set status = '" + status + "'" + (code.empty() ? "" : ", error_code = '" + code + "'") +
         " where id = '" + id + "'");
  rows("delete from public.email_log where entity = '" + id + "'");
  return id;
}
std::string body_of(const std::string& id) { return "{\"jobId\":\"" + id + "\"}"; }
std::string kinds(const std::string& id) {
  return cell("select coalesce(string_agg(kind, ',' order by kind), '') from public.email_log where entity = '" + id +
              "'");
}

}  // namespace

TEST_CASE("the internal callback queues one mail a job, however often it is called") {
  MailHouse house;
  const std::string done = job("READY");
  for (int i = 0; i < 3; ++i) CHECK(house.notify(kSecret, body_of(done)).status == 202);
  CHECK(kinds(done) == "job_completed");
  CHECK(cell("select count(*) from tenon.outbox where payload->>'job_id' = '" + done +
             "' and created_at > now() - interval '1 minute' and "
             "payload->>'email_log_id' in (select id::text from public.email_log)") == "1");
  const std::string failed = job("FAILED", "NO_SPEECH");
  CHECK(house.notify(kSecret, body_of(failed)).status == 202);
  CHECK(kinds(failed) == "job_failed");
}

TEST_CASE("a job that was cancelled or has not ended gives no mail") {
  MailHouse house;
  for (const std::string& id : {job("FAILED", "CANCELLED"), job("QUEUED")}) {
    CHECK(house.notify(kSecret, body_of(id)).status == 202);
    CHECK(kinds(id) == "");
  }
}

TEST_CASE("the internal callback is closed without its secret, whoever asks") {
  MailHouse house;
  const std::string id = job("READY");
  const core::Json session = house.sign_in("notify@example.com");
  const std::string access = session["access_token"].string_or("");
  for (const std::string& wrong :
       {std::string(), std::string("wrong"), kSecret + "x", kSecret.substr(1), house.service, access}) {
    const Answer answer = house.notify(wrong, body_of(id));
    CHECK(answer.status == 401);
    CHECK(answer.json()["error"].string_or("") == "Unauthorized");
  }
  CHECK(kinds(id) == "");
}

TEST_CASE("a malformed call is 400, an unknown job 404, and neither writes anything") {
  MailHouse house;
  for (const char* body :
       {"", "{", "[]", "{}", "{\"jobId\":7}", "{\"jobId\":\"x\"}", "{\"jobId\":\"'; drop table jobs;--\"}", "null"})
    CHECK(house.notify(kSecret, body).status == 400);
  CHECK(house.notify(kSecret, body_of(core::Uuid::random().str())).status == 404);
}

TEST_CASE("a webhook without a fitting signature is 400 and writes nothing") {
  MailHouse house;
  const Pairs headers{{"svix-id", "m"}, {"svix-timestamp", "1"}, {"svix-signature", "v1,AAAA"}};
  CHECK(house.call(Method::post, "/api/resend/webhook", headers, R"({"type":"email.bounced"})").status == 400);
  CHECK(house.call(Method::post, "/api/resend/webhook", {}, "{}").status == 400);
  CHECK(cell("select count(*) from tenon.mail_events where svix_id = 'm'") == "0");
}

TEST_CASE("settings belong to the signed-in: no session goes to the sign-in, no page token is refused") {
  MailHouse house;
  for (const char* path : {"/app/settings", "/app/settings/notifications"}) {
    CHECK(house.call(Method::get, path).status == 303);
    CHECK(house.call(Method::post, path, {{"Content-Type", "application/x-www-form-urlencoded"}}, "display_name=x")
              .status == 303);
  }
}

TEST_CASE("a person changes his name and his four choices, and nobody else's") {
  MailHouse house;
  const core::Json ada = house.sign_in("settings@example.com");
  const core::Json bob = house.sign_in("settings2@example.com");
  const std::string me = ada["user"]["id"].string_or("");
  const Pairs headers{{"Authorization", "Bearer " + ada["access_token"].string_or("")},
                      {"Content-Type", "application/x-www-form-urlencoded"},
                      {"Accept", "text/html"}};
  const Answer page = house.call(Method::get, "/app/settings/notifications", headers);
  CHECK(page.status == 200);
  CHECK(page.body.find("name=\"email_job_completed\" type=\"checkbox\" value=\"on\" checked") != std::string::npos);
  CHECK(page.body.find("name=\"marketing_opt_in\" type=\"checkbox\" value=\"on\" checked") == std::string::npos);
  const Answer renamed = house.call(Method::post, "/app/settings", headers, form({{"display_name", "  Ada <b>  "}}));
  CHECK(renamed.status == 303);
  CHECK(cell("select display_name from public.profiles where id = '" + me + "'") == "Ada <b>");
  CHECK(house.call(Method::get, "/app/settings", headers).body.find("Ada &lt;b&gt;") != std::string::npos);
  CHECK(house.call(Method::post, "/app/settings", headers, form({{"display_name", std::string(101, 'x')}})).status ==
        422);
  CHECK(house.call(Method::post, "/app/settings", headers, form({{"display_name", "a\nb"}})).status == 422);

  const Answer saved = house.call(
      Method::post, "/app/settings/notifications", headers,
      form({{"marketing_opt_in", "on"}, {"email_job_failed", "on"}, {"user_id", bob["user"]["id"].string_or("")}}));
  CHECK(saved.status == 303);
  CHECK(saved.headers.get("Location") == "/app/settings/notifications?notice=mail.notifications");
  CHECK(cell("select concat(email_job_completed, email_job_failed, email_credits_low, marketing_opt_in) from "
             "public.user_notification_prefs where user_id = '" +
             me + "'") == "ftft");
  CHECK(cell("select count(*) from public.user_notification_prefs where user_id = '" + bob["user"]["id"].string_or("") +
             "'") == "0");
  const Answer after = house.call(Method::get, "/app/settings/notifications", headers);
  CHECK(after.body.find("name=\"marketing_opt_in\" type=\"checkbox\" value=\"on\" checked") != std::string::npos);
  CHECK(after.body.find("name=\"email_job_completed\" type=\"checkbox\" value=\"on\" checked") == std::string::npos);
}
