// Resend's webhook, as strangers and forgers use it.
#include "mail/mail.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

struct MailHouse : AuthApp {
  MailHouse() : client(loop), mail(loop, client, db(), mail::Config{}) { mail::mount(router, mail); }
  http::Client client;
  mail::Mail mail;
};

}  // namespace

TEST_CASE("a webhook without a fitting signature is 400 and writes nothing") {
  MailHouse app;
  const Pairs headers{{"svix-id", "m"}, {"svix-timestamp", "1"}, {"svix-signature", "v1,AAAA"}};
  CHECK(app.call(Method::post, "/api/resend/webhook", headers, R"({"type":"email.bounced"})").status == 400);
  CHECK(app.call(Method::post, "/api/resend/webhook", {}, "{}").status == 400);
  CHECK(cell("select count(*) from tenon.mail_events where svix_id = 'm'") == "0");
}
