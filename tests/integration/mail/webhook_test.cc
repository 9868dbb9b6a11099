#include "core/crypto.h"
#include "core/problem.h"
#include "integration/mail/support/mail_app.h"
#include "mail/pages.h"

using support::MailApp;

namespace {

const std::string kKey = "the key of the tests";

struct WebhookApp : MailApp {
  WebhookApp() {
    mail::Config config;
    config.webhook_secret = core::Secret("whsec_" + core::base64(kKey));
    receiver = std::make_unique<mail::Mail>(loop, *client, db(), config);
  }
  // A mail that went out: the id of its log row is its resend_id.
  std::string sent(core::UserId user, const std::string& address) {
    return scalar(
        "insert into public.email_log (user_id, kind, to_email, status, resend_id, entity)"
        " values ($1, 'welcome', $2, 'sent', gen_random_uuid()::text, gen_random_uuid()::text) returning resend_id",
        {user.str(), address});
  }
  int tell(const std::string& type, const std::string& email, const std::string& more = "", std::string id = "") {
    if (id.empty()) id = core::Uuid::random().str();
    http::Request rq;
    rq.method = http::Method::post;
    rq.body = R"({"type":")" + type + R"(","created_at":"2026-01-01T00:00:00.000Z","data":{"email_id":")" + email +
              "\"" + more + "}}";
    const std::string now = std::to_string(core::unix_seconds(core::SystemClock().now()));
    rq.headers.add("svix-id", id);
    rq.headers.add("svix-timestamp", now);
    rq.headers.add("svix-signature", "v1," + core::base64(core::hmac_sha256(kKey, id + "." + now + "." + rq.body)));
    try {
      return loop.run_until(mail::webhook(*receiver, rq)).status;
    } catch (const core::Problem& problem) {
      return problem.status;
    }
  }
  std::string status(const std::string& email) {
    return scalar("select status from public.email_log where resend_id = $1", {email});
  }

  std::unique_ptr<mail::Mail> receiver;
};

}  // namespace

TEST_CASE("an email's status only moves forward, in whatever order events arrive") {
  WebhookApp app;
  const std::string mail = app.sent(app.sign_up(), "a@example.com");
  CHECK(app.tell("email.delivered", mail) == 200);
  CHECK(app.status(mail) == "delivered");
  CHECK(app.tell("email.sent", mail) == 200);
  CHECK(app.status(mail) == "delivered");
  CHECK(app.tell("email.opened", mail) == 200);
  CHECK(app.status(mail) == "delivered");
  CHECK(app.tell("email.complained", mail) == 200);
  CHECK(app.tell("email.delivered", mail) == 200);
  CHECK(app.status(mail) == "complained");
}

TEST_CASE("a permanent bounce stops further email to that address, a transient one does not") {
  WebhookApp app;
  const auto ada = app.sign_up("gone@example.com");
  const auto bob = app.sign_up("full@example.com");
  const std::string gone = app.sent(ada, "Gone@example.com");
  const std::string full = app.sent(bob, "full@example.com");
  CHECK(app.tell("email.bounced", gone, R"(,"bounce":{"type":"Permanent","message":"no such box"})") == 200);
  CHECK(app.tell("email.bounced", full, R"(,"bounce":{"type":"Transient","message":"box is full"})") == 200);
  CHECK(app.status(gone) == "bounced");
  CHECK(app.scalar("select error_message from public.email_log where resend_id = $1", {gone}) == "no such box");
  app.queue(ada, "welcome", gone);
  app.queue(bob, "welcome", full);
  CHECK(app.log("status", gone) == "suppressed");
  CHECK(app.log("status", full) == "queued");
}

TEST_CASE("a complaint opts the user out of marketing") {
  WebhookApp app;
  const auto ada = app.sign_up();
  app.owner.query("insert into public.user_notification_prefs (user_id, marketing_opt_in) values ($1, true)",
                  {ada.str()});
  const std::string mail = app.sent(ada, ada.str() + "@example.com");
  CHECK(app.tell("email.complained", mail) == 200);
  CHECK(app.scalar("select marketing_opt_in from public.user_notification_prefs where user_id = $1", {ada.str()}) ==
        "f");
}

TEST_CASE("an event delivered twice counts once, an unknown one is accepted") {
  WebhookApp app;
  const std::string mail = app.sent(app.sign_up(), "b@example.com");
  const std::string id = core::Uuid::random().str();
  CHECK(app.tell("email.bounced", mail, "", id) == 200);
  app.owner.query("update public.email_log set status = 'sent' where resend_id = $1", {mail});
  CHECK(app.tell("email.bounced", mail, "", id) == 200);
  CHECK(app.status(mail) == "sent");
  CHECK(app.tell("contact.created", "x") == 200);
  CHECK(app.tell("email.delivered", "unknown") == 200);
}
