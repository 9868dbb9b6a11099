// POST /auth/v1/admin/generate_link and POST /auth/v1/invite: what a mail would carry, handed to the administrator, or
// mailed for him.
#include "auth/accounts/accounts.h"
#include "auth/admin/admin.h"
#include "auth/audit.h"
#include "auth/limits/limits.h"
#include "auth/passwords/password.h"
#include "auth/redirect.h"
#include "auth/tokens/one_time.h"
#include "auth/wire/endpoints.h"
#include "core/crypto.h"

namespace auth {
namespace {

struct Ask {
  Auth* auth;
  std::string type;
  std::string email;
  std::string new_email;
  std::string metadata;
  std::string hash;
  std::string redirect_to;
  Origin from;
};

struct Link {
  User user;
  OneTime one;
  std::string type;  // verification_type
};

core::Problem taken() {
  return core::Problem(422, "email_exists", "A user with this email address has already been registered");
}

Task<User> fresh_user(Ask& ask, pg::Tx& tx) {
  NewUser user;
  user.id = core::UserId::random();
  user.email = ask.email;
  user.user_metadata = ask.metadata;
  user.password_hash = ask.hash;
  require_metadata_fits(user.user_metadata, user.app_metadata);
  co_await insert_user(tx, user, ask.auth->clock.now());
  co_await audit(*ask.auth, tx, "user_signedup", user.id, ask.from);
  const auto made = co_await user_by_id(tx, user.id);
  if (!made) throw core::Problem(500, "unexpected_failure", "Database error saving new user");
  co_return *made;
}

// The user that a sign-up or an invitation is for: new, or one that still waits.
Task<User> waiting_user(Ask& ask, pg::Tx& tx) {
  const auto known = co_await lock_user_by_email(tx, ask.email);
  if (known && known->confirmed()) throw taken();
  if (!known) co_return co_await fresh_user(ask, tx);
  const core::Time now = ask.auth->clock.now();
  // The click that answers must not confirm what a stranger left on the address.
  if (may_be_a_strangers(*known)) co_await clear_password(tx, known->id, now);
  if (!ask.hash.empty()) co_await set_password(tx, known->id, ask.hash, now);
  co_await merge_user_metadata(tx, known->id, ask.metadata, now);
  const auto merged = co_await user_by_id(tx, known->id);
  if (!merged) throw core::Problem(404, "user_not_found", "User with this email not found");
  if (ask.metadata != "{}") require_metadata_fits(*merged);
  co_return *merged;
}

Task<std::string> token_kind(Ask& ask, pg::Tx& tx, const User& user) {
  Auth& auth = *ask.auth;
  const core::Time now = auth.clock.now();
  if (ask.type == "signup") co_await mark_confirmation_sent(tx, user.id, now);
  if (ask.type == "invite") co_await mark_invited(tx, user.id, now);
  if (ask.type == "signup" || ask.type == "invite") co_return "confirmation_token";
  if (ask.type == "magiclink" || ask.type == "recovery") {
    co_await mark_recovery_sent(tx, user.id, now);
    co_return "recovery_token";
  }
  const auto other = co_await user_by_email(tx, ask.new_email);
  if (other) throw taken();
  const auto pending = co_await email_change_of(tx, user.id);
  if (!pending || pending->address != ask.new_email) co_await begin_email_change(tx, user.id, ask.new_email, now);
  co_return ask.type == "email_change_new" ? "email_change_token_new" : "email_change_token_current";
}

Task<Link> make_in(pg::Tx& tx, Ask& ask) {
  Auth& auth = *ask.auth;
  std::optional<User> user;
  if (ask.type == "signup" || ask.type == "invite") {
    user = co_await waiting_user(ask, tx);
  } else {
    user = co_await lock_user_by_email(tx, ask.email);
    if (!user && ask.type == "magiclink") {
      user = co_await fresh_user(ask, tx);
      ask.type = "signup";
    }
  }
  if (!user) throw core::Problem(404, "user_not_found", "User with this email not found");
  const std::string kind = co_await token_kind(ask, tx, *user);
  const std::string address = ask.type == "email_change_new" ? ask.new_email : user->email;
  Link link{*user, co_await issue_one_time(auth, tx, user->id, kind, address), ask.type};
  co_await audit(auth, tx, ask.type == "invite" ? "user_invited" : "user_recovery_requested", user->id, ask.from);
  const auto fresh = co_await user_by_id(tx, user->id);
  if (fresh) link.user = *fresh;
  co_return link;
}

Task<std::optional<User>> invite_in(pg::Tx& tx, Ask& ask) {
  Auth& auth = *ask.auth;
  const User user = co_await waiting_user(ask, tx);
  Landing landing;
  landing.redirect_to = ask.redirect_to;
  const Letter letter{user.id, user.email, "confirmation_token", "invite", "invite", landing, {}};
  co_await send_letter(auth, tx, letter);
  co_await mark_invited(tx, user.id, auth.clock.now());
  co_await mark_confirmation_sent(tx, user.id, auth.clock.now());
  co_await audit(auth, tx, "user_invited", user.id, ask.from);
  co_return co_await user_by_id(tx, user.id);
}

bool is_known(std::string_view type) {
  return type == "signup" || type == "invite" || type == "magiclink" || type == "recovery" ||
         type == "email_change_current" || type == "email_change_new";
}

std::string flattened(const Auth& auth, const Link& link, const std::string& redirect_to) {
  Landing landing;
  landing.redirect_to = redirect_to;
  const std::string type = link.type.starts_with("email_change") ? "email_change" : link.type;
  core::JsonWriter out;
  out.begin().field("action_link", mail_link(auth.config, type, link.one.token, landing));
  out.field("email_otp", link.one.code).field("hashed_token", link.one.token);
  out.field("verification_type", link.type).field("redirect_to", redirect_to);
  const core::Json user = core::Json::parse(user_json(link.user)).value_or(core::Json());
  for (const auto& [name, value] : user.members()) out.key(name).raw(value.dump());
  out.end();
  return out.take();
}

}  // namespace

Task<Response> admin_generate_link(Auth& auth, Request& rq) {
  require_service(auth, rq);
  const core::Json body = object_body(rq);
  Ask ask{&auth, text_of(body, "type"), {}, {}, object_of(body, "data"), {}, {}, origin_of(rq)};
  if (!is_known(ask.type))
    throw core::Problem(400, "validation_failed",
                        "Invalid email action link type requested: " + ask.type.substr(0, 40));
  ask.email = canonical_email(text_of(body, "email"));
  if (ask.type.starts_with("email_change")) {
    ask.new_email = canonical_email(text_of(body, "new_email"));
  } else if (ask.type == "signup") {
    if (text_of(body, "password").empty())
      throw core::Problem(400, "validation_failed", "Signup requires a valid password");
    ask.hash = co_await admin::hash_of(auth, body);
  }
  const std::string asked = text_of(body, "redirect_to");
  ask.redirect_to = asked.empty() ? redirect_target(auth.config, rq) : redirect_target(auth.config, asked);
  const Link link = co_await auth.db.in(pg::as_service(admin::kWhy), make_in, ask);
  co_return http::json(flattened(auth, link, ask.redirect_to));
}

Task<Response> invite(Auth& auth, Request& rq) {
  require_service(auth, rq);
  const core::Json body = object_body(rq);
  Ask ask{&auth, "invite", canonical_email(text_of(body, "email")), {}, object_of(body, "data"), {}, {}, origin_of(rq)};
  ask.redirect_to = landing_of(auth, rq, body).redirect_to;
  co_await require_instance_mail(auth);
  const auto invited = co_await auth.db.in(pg::as_service(admin::kWhy), invite_in, ask);
  co_return admin::shown(invited);
}

}  // namespace auth
