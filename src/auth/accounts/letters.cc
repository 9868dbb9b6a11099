// The mails with a link and a code, and where their links lead.
#include <fmt/format.h>

#include "auth/accounts/accounts.h"
#include "auth/limits/limits.h"
#include "auth/tokens/flow.h"
#include "auth/tokens/one_time.h"
#include "auth/users/changes.h"
#include "core/text.h"
#include "outbox/outbox.h"

namespace auth {
namespace {

constexpr pg::Sql kGrant{"auth.welcome_grant", R"sql(
  select tenon.grant_credits($1::uuid, 'welcome:' || $1::uuid::text, $2, 'Welcome credits')
)sql"};

}  // namespace

std::string_view method_of(std::string_view type) { return type == "signup" ? "email/signup" : type; }

std::string mail_link(const Config& config, std::string_view type, std::string_view token, const Landing& landing) {
  if (!landing.redirect_to.empty() || !landing.challenge.value.empty()) {
    const std::string& target = landing.redirect_to.empty() ? config.site_url : landing.redirect_to;
    return fmt::format("{}/auth/v1/verify?token={}&type={}&redirect_to={}", config.api_url, token, type,
                       core::percent_encode(target));
  }
  const std::string_view page = type == "recovery" ? "reset" : "verify";
  std::string link = fmt::format("{}/{}?token_hash={}&type={}", config.site_url, page, token, type);
  if (!landing.next.empty()) link += "&next=" + core::percent_encode(landing.next);
  return link;
}

Task<> send_letter(Auth& auth, pg::Tx& tx, const Letter& letter) {
  const bool pkce = !letter.landing.challenge.value.empty();
  const OneTime one =
      co_await issue_one_time(auth, tx, letter.user, letter.token_kind, letter.address, pkce ? Pkce::yes : Pkce::no);
  if (pkce) co_await put_mail_flow(tx, letter.user, method_of(letter.type), letter.landing.challenge, auth.clock.now());
  core::JsonWriter extra;
  extra.begin().field("url", mail_link(auth.config, letter.type, one.token, letter.landing)).field("code", one.code);
  if (!letter.new_email.empty()) extra.field("new_email", letter.new_email);
  extra.end();
  co_await outbox::queue_mail(tx, letter.user, letter.mail, one.id, extra.take(), letter.address);
}

Task<> mail_confirmation(Auth& auth, pg::Tx& tx, core::UserId user, std::string_view email, const Landing& landing) {
  const Letter letter{user, std::string(email), "confirmation_token", "signup", "confirm", landing, {}};
  co_await send_letter(auth, tx, letter);
  co_await mark_confirmation_sent(tx, user, auth.clock.now());
}

Task<> mail_email_change(Auth& auth, pg::Tx& tx, const User& user, std::string_view address, const Landing& landing) {
  const std::string fresh(address);
  co_await begin_email_change(tx, user.id, address, auth.clock.now());
  co_await drop_one_time(tx, user.id, {"email_change_token_new", "email_change_token_current"});
  Letter letter{user.id, fresh, "email_change_token_new", "email_change", "email_change", landing, fresh};
  co_await send_letter(auth, tx, letter);
  if (!auth.config.secure_email_change || user.email.empty()) co_return;
  letter.address = user.email;
  letter.token_kind = "email_change_token_current";
  co_await send_letter(auth, tx, letter);
}

Task<> welcome(Auth& auth, pg::Tx& tx, core::UserId user) {
  if (auth.config.welcome_credits > 0) co_await tx.one<std::string>(kGrant, user, auth.config.welcome_credits);
  core::JsonWriter extra;
  extra.begin().field("url", auth.config.site_url + "/app").end();
  co_await outbox::queue_mail(tx, user, "welcome", user.str(), extra.take());
}

}  // namespace auth
