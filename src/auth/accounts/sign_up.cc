#include <fmt/format.h>

#include "auth/accounts/accounts.h"
#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "auth/passwords/password.h"
#include "auth/redirect.h"
#include "auth/tokens/one_time.h"
#include "core/log.h"
#include "core/text.h"
#include "outbox/outbox.h"

namespace auth {
namespace {

constexpr auto kMailPause = std::chrono::seconds(60);

constexpr pg::Sql kGrant{"auth.welcome_grant", R"sql(
  select tenon.grant_credits($1::uuid, 'welcome:' || $1::uuid::text, $2, 'Welcome credits')
)sql"};

constexpr pg::Sql kReplace{"auth.signup_replace", R"sql(
  update auth.users set encrypted_password = $2, raw_user_meta_data = $3::jsonb, updated_at = $4 where id = $1
)sql"};

constexpr pg::Sql kLanguage{"auth.signup_language", R"sql(
  update public.profiles set locale = $2 where id = $1 and locale <> $2
)sql"};

struct Attempt {
  Auth* auth;
  NewAccount account;
  std::string hash;
};

bool mailed_just_now(const Auth& auth, const User& user) {
  return auth.config.limits == Config::Limits::enforced && user.confirmation_sent_at &&
         auth.clock.now() - *user.confirmation_sent_at < kMailPause;
}

Task<SignedUp> sign_up_known(Attempt& attempt, pg::Tx& tx, const User& user) {
  Auth& auth = *attempt.auth;
  const NewAccount& account = attempt.account;
  const core::Time now = auth.clock.now();
  if (user.confirmed()) {
    if (auth.config.autoconfirm) throw core::Problem(422, "user_already_exists", "User already registered");
    co_await audit(auth, tx, "user_repeated_signup", user.id, account.from);
    co_return Pending{fabricated_user(account.email, account.metadata, now)};
  }
  if (auth.config.autoconfirm || !mailed_just_now(auth, user)) {
    // Nobody has shown that the address is his: the newest sign-up's password is the one that its mail confirms, and
    // the links before it die.
    const pg::Json metadata{account.metadata};
    co_await tx.run(kReplace, user.id, attempt.hash, metadata, now);
    co_await drop_one_time(tx, user.id);
    if (auth.config.autoconfirm) {
      co_await confirm_email(tx, user.id, now);
      co_await welcome(auth, tx, user.id);
      co_return co_await open_session(auth, tx, user.id, "password", account.from);
    }
    co_await mail_confirmation(auth, tx, user.id, user.email, account.landing);
  }
  co_await audit(auth, tx, "user_confirmation_requested", user.id, account.from);
  const auto fresh = co_await user_by_id(tx, user.id);
  co_return Pending{user_json(fresh ? *fresh : user, account.metadata)};
}

Task<SignedUp> sign_up_in(pg::Tx& tx, Attempt& attempt) {
  Auth& auth = *attempt.auth;
  const NewAccount& account = attempt.account;
  const core::Time now = auth.clock.now();
  const auto known = co_await lock_user_by_email(tx, account.email);
  if (known) co_return co_await sign_up_known(attempt, tx, *known);

  NewUser fresh;
  fresh.id = core::UserId::random();
  fresh.email = account.email;
  fresh.password_hash = attempt.hash;
  fresh.user_metadata = account.metadata;
  co_await insert_user(tx, fresh, now);
  if (!account.locale.empty()) co_await tx.run(kLanguage, fresh.id, account.locale);
  co_await audit(auth, tx, "user_signedup", fresh.id, account.from);
  if (auth.config.autoconfirm) {
    co_await confirm_email(tx, fresh.id, now);
    co_await welcome(auth, tx, fresh.id);
    co_return co_await open_session(auth, tx, fresh.id, "password", account.from);
  }
  co_await mail_confirmation(auth, tx, fresh.id, account.email, account.landing);
  const auto made = co_await user_by_id(tx, fresh.id);
  if (!made) throw core::Problem(500, "unexpected_failure", "Database error saving new user");
  co_return Pending{user_json(*made)};
}

}  // namespace

std::string mail_link(const Config& config, std::string_view type, std::string_view token, const Landing& landing) {
  if (!landing.redirect_to.empty())
    return fmt::format("{}/auth/v1/verify?token={}&type={}&redirect_to={}", config.api_url, token, type,
                       core::percent_encode(landing.redirect_to));
  const std::string_view page = type == "recovery" ? "reset" : "verify";
  std::string link = fmt::format("{}/{}?token_hash={}&type={}", config.site_url, page, token, type);
  if (!landing.next.empty()) link += "&next=" + core::percent_encode(landing.next);
  return link;
}

Task<> mail_confirmation(Auth& auth, pg::Tx& tx, core::UserId user, std::string_view email, const Landing& landing) {
  const OneTime one = co_await issue_one_time(auth, tx, user, "confirmation_token", email);
  co_await mark_confirmation_sent(tx, user, auth.clock.now());
  core::JsonWriter extra;
  extra.begin().field("url", mail_link(auth.config, "signup", one.token, landing)).field("code", one.code).end();
  co_await outbox::queue_mail(tx, user, "confirm", one.id, extra.take());
}

Task<> welcome(Auth& auth, pg::Tx& tx, core::UserId user) {
  if (auth.config.welcome_credits > 0) co_await tx.one<std::string>(kGrant, user, auth.config.welcome_credits);
  core::JsonWriter extra;
  extra.begin().field("url", auth.config.site_url + "/app").end();
  co_await outbox::queue_mail(tx, user, "welcome", user.str(), extra.take());
}

Task<SignedUp> sign_up(Auth& auth, NewAccount account) {
  account.email = canonical_email(account.email);
  if (!auth.config.signup_open) throw core::Problem(422, "signup_disabled", "Signups not allowed for this instance");
  if (account.password.empty()) throw core::Problem(400, "validation_failed", "Signup requires a valid password");
  require_acceptable(account.password);
  co_await require_rate(auth, kSignInRate, account.from.ip, account.email);
  Attempt attempt{&auth, std::move(account), {}};
  attempt.hash = co_await hash_password(auth, attempt.account.password);
  for (int round = 0;; ++round) {
    try {
      SignedUp done = co_await auth.db.in(pg::as_service("a stranger signs up"), sign_up_in, attempt);
      core::log::info("auth.account.signed_up", {{"pending", std::holds_alternative<Pending>(done)}});
      co_return done;
    } catch (const core::Problem& problem) {
      // Another sign-up of the same address was faster: now it is known, and the next round answers as for a known one.
      if (problem.code != "email_exists" || round > 0) throw;
    }
  }
}

}  // namespace auth
