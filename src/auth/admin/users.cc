#include <fmt/format.h>

#include "auth/admin/admin.h"
#include "auth/audit.h"
#include "auth/devices/devices.h"
#include "auth/mfa/factors.h"
#include "auth/passwords/password.h"
#include "auth/tokens/one_time.h"
#include "auth/wire/endpoints.h"
#include "core/crypto.h"
#include "core/text.h"

namespace auth {

using namespace admin;

namespace {

constexpr std::int64_t kMostPerPage = 1000;

std::int64_t number(const Request& rq, std::string_view name, std::int64_t fallback, std::int64_t most) {
  const std::string_view text = rq.query(name).value_or("");
  if (text.empty()) return fallback;
  const auto value = core::parse_int(text);
  if (!value || *value < 1)
    throw core::Problem(400, "validation_failed", "Bad Pagination Parameters: " + std::string(name));
  return std::min(*value, most);
}

struct ListAsk {
  std::string filter;
  std::int64_t page;
  std::int64_t per_page;
};
Task<UserPage> list_in(pg::Tx& tx, ListAsk& ask) { return list_users(tx, ask.filter, ask.page, ask.per_page); }

struct Creation {
  Auth* auth;
  NewUser user;
  Origin from;
};
Task<std::optional<User>> create_in(pg::Tx& tx, Creation& creation) {
  co_await insert_user(tx, creation.user, creation.auth->clock.now());
  co_await audit(*creation.auth, tx, "user_signedup", creation.user.id, creation.from);
  co_return co_await user_by_id(tx, creation.user.id);
}

Task<std::optional<User>> find_in(pg::Tx& tx, core::UserId& id) { return user_by_id(tx, id); }

struct Deletion {
  Auth* auth;
  core::UserId user;
  bool soft;
  Origin from;
};
Task<bool> delete_in(pg::Tx& tx, Deletion& deletion) {
  bool deleted = false;
  if (deletion.soft) {
    deleted = (co_await user_by_id(tx, deletion.user)).has_value();
    if (deleted) co_await soft_delete(tx, deletion.user, deletion.auth->clock.now());
  } else {
    deleted = co_await delete_user(tx, deletion.user);
  }
  if (deleted) co_await audit(*deletion.auth, tx, "user_deleted", deletion.user, deletion.from);
  co_return deleted;
}

// app_metadata as asked for, with the provider that the account really has.
std::string app_metadata(const core::Json& body) {
  core::JsonWriter out;
  out.begin();
  for (const auto& [name, value] : body["app_metadata"].members())
    if (name != "provider" && name != "providers") out.key(name).raw(value.dump());
  out.field("provider", "email").key("providers").begin_array().value("email").end_array().end();
  return out.take();
}

struct Update {
  Auth* auth;
  core::UserId user;
  AdminChange change;
  std::string hash;  // empty: the password stays
  Origin from;
};
Task<std::optional<User>> update_in(pg::Tx& tx, Update& update) {
  const core::Time now = update.auth->clock.now();
  const auto before = co_await user_by_id(tx, update.user);
  if (!before) co_return std::nullopt;
  co_await change_user(tx, update.user, update.change, now);
  const std::string& email = update.change.email;
  // What was mailed to the address before must not open the account of the one that has it now.
  if (!email.empty() && email != before->email) co_await drop_one_time(tx, update.user);
  if (!update.hash.empty()) {
    co_await set_password(tx, update.user, update.hash, now);
    co_await drop_one_time(tx, update.user);
    co_await end_sessions(tx, update.user, std::nullopt, End::everywhere);
    co_await forget_devices(tx, update.user);
    co_await audit(*update.auth, tx, "user_updated_password", update.user, update.from);
  }
  co_await audit(*update.auth, tx, "user_modified", update.user, update.from);
  auto after = co_await user_by_id(tx, update.user);
  // Who came with more than that, by an import, may still be banned.
  if (after && (update.change.user_metadata != "{}" || update.change.app_metadata != "{}"))
    require_metadata_fits(*after);
  co_return after;
}

// Roles of the database are not the API's to hand out (spec/security.md 2.2).
void refuse_other_role(const core::Json& body) {
  if (const std::string role = text_of(body, "role"); !role.empty() && role != "authenticated")
    throw core::Problem(400, "validation_failed", "role must be authenticated");
}

}  // namespace

// GET /auth/v1/admin/users?page=&per_page=&filter=
Task<Response> admin_list_users(Auth& auth, Request& rq) {
  require_service(auth, rq);
  ListAsk ask{std::string(rq.query("filter").value_or("")), number(rq, "page", 1, 1'000'000),
              number(rq, "per_page", 50, kMostPerPage)};
  const UserPage page = co_await auth.db.in(pg::as_service(kWhy), list_in, ask);
  core::JsonWriter out;
  out.begin().key("users").begin_array();
  for (const User& user : page.users) out.raw(user_json(user));
  out.end_array().field("aud", "authenticated").end();
  http::Response response = http::json(out.take());
  response.headers.set("X-Total-Count", std::to_string(page.total));
  const std::int64_t last = std::max<std::int64_t>(1, (page.total + ask.per_page - 1) / ask.per_page);
  const std::string filter = ask.filter.empty() ? "" : "&filter=" + core::percent_encode(ask.filter);
  const auto link = [&](std::int64_t number, std::string_view rel) {
    return fmt::format("<{}/admin/users?page={}&per_page={}{}>; rel=\"{}\"", auth.config.issuer(), number, ask.per_page,
                       filter, rel);
  };
  const std::string links = (ask.page < last ? link(ask.page + 1, "next") + ", " : "") + link(last, "last");
  response.headers.set("Link", links);
  co_return response;
}

// POST /auth/v1/admin/users: no mail, no welcome credits; unconfirmed unless email_confirm is true.
Task<Response> admin_create_user(Auth& auth, Request& rq) {
  require_service(auth, rq);
  const core::Json body = object_body(rq);
  Creation creation{&auth, {}, origin_of(rq)};
  NewUser& user = creation.user;
  const std::string email = text_of(body, "email");
  user.phone = phone_of(body);
  if (email.empty() && user.phone.empty())
    throw core::Problem(400, "validation_failed", "Cannot create a user without either an email or phone");
  if (!email.empty()) user.email = canonical_email(email);
  user.id = core::UserId::random();
  if (const std::string id = text_of(body, "id"); !id.empty()) {
    const auto parsed = core::UserId::parse(id);
    if (!parsed || parsed->uuid().is_nil())
      throw core::Problem(400, "validation_failed", "ID must conform to the uuid v4 format");
    user.id = *parsed;
  }
  user.user_metadata = object_of(body, "user_metadata");
  object_of(body, "app_metadata");
  user.app_metadata = app_metadata(body);
  require_metadata_fits(user.user_metadata, user.app_metadata);
  refuse_other_role(body);
  const core::Time now = auth.clock.now();
  if (!email.empty() && body["email_confirm"].boolean().value_or(false)) user.confirmed_at = now;
  if (!user.phone.empty() && body["phone_confirm"].boolean().value_or(false)) user.phone_confirmed_at = now;
  user.banned_until = ban_of(body, now).until;
  user.password_hash = co_await hash_of(auth, body);
  // Without one nobody can sign in by password; a random one says so as well as none, and is what the wire promises.
  if (user.password_hash.empty())
    user.password_hash = co_await hash_password(auth, core::base64url(core::random_bytes(32)));
  const auto made = co_await auth.db.in(pg::as_service(kWhy), create_in, creation);
  co_return shown(made);
}

// GET /auth/v1/admin/users/{id}
Task<Response> admin_get_user(Auth& auth, Request& rq) {
  require_service(auth, rq);
  const auto found = co_await auth.db.in(pg::as_service(kWhy), find_in, id_of(rq));
  co_return shown(found);
}

// PUT /auth/v1/admin/users/{id}: an address changes at once and without mail; a new password ends every session.
Task<Response> admin_update_user(Auth& auth, Request& rq) {
  require_service(auth, rq);
  const core::Json body = object_body(rq);
  Update update{&auth, id_of(rq), {}, {}, origin_of(rq)};
  AdminChange& change = update.change;
  if (const std::string email = text_of(body, "email"); !email.empty()) change.email = canonical_email(email);
  change.phone = phone_of(body);
  change.confirm_email = body["email_confirm"].boolean().value_or(false);
  change.confirm_phone = body["phone_confirm"].boolean().value_or(false);
  const Ban ban = ban_of(body, auth.clock.now());
  change.sets_ban = ban.given;
  change.banned_until = ban.until;
  change.user_metadata = object_of(body, "user_metadata");
  change.app_metadata = object_of(body, "app_metadata");
  refuse_other_role(body);
  update.hash = co_await hash_of(auth, body);
  const auto updated = co_await auth.db.in(pg::as_service(kWhy), update_in, update);
  co_return shown(updated);
}

// DELETE /auth/v1/admin/users/{id}: for good, unless the body asks for should_soft_delete.
Task<Response> admin_delete_user(Auth& auth, Request& rq) {
  require_service(auth, rq);
  bool soft = false;
  if (!rq.body.empty()) soft = object_body(rq)["should_soft_delete"].boolean().value_or(false);
  const Deletion deletion{&auth, id_of(rq), soft, origin_of(rq)};
  const bool deleted = co_await auth.db.in(pg::as_service(kWhy), delete_in, deletion);
  if (!deleted) throw core::Problem(404, "user_not_found", "User not found");
  co_return http::json("{}");
}

// GET /auth/v1/admin/users/{id}/factors
Task<Response> admin_list_factors(Auth& auth, Request& rq) {
  require_service(auth, rq);
  const auto found = co_await auth.db.in(pg::as_service(kWhy), find_in, id_of(rq));
  if (!found) throw core::Problem(404, "user_not_found", "User not found");
  co_return http::json(factors_json(*found));
}

// DELETE /auth/v1/admin/users/{id}/factors/{factor_id}
Task<Response> admin_delete_factor(Auth& auth, Request& rq) {
  require_service(auth, rq);
  const auto factor = core::Uuid::parse(rq.param("factor_id"));
  if (!factor) throw core::Problem(404, "validation_failed", "factor_id must be an UUID");
  const bool removed = co_await remove_factor(auth, id_of(rq), *factor, origin_of(rq));
  if (!removed) throw core::Problem(404, "mfa_factor_not_found", "Factor not found");
  core::JsonWriter out;
  out.begin().field("id", *factor).end();
  co_return http::json(out.take());
}

}  // namespace auth
