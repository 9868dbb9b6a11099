#include <fmt/format.h>

#include "auth/audit.h"
#include "auth/passwords/password.h"
#include "auth/wire/endpoints.h"
#include "auth/wire/wire.h"
#include "core/crypto.h"
#include "core/text.h"

namespace auth {
namespace {

constexpr const char* kWhy = "the caller holds the service key";
constexpr std::int64_t kMostPerPage = 1000;

core::UserId id_of(const Request& rq) {
  const auto id = core::UserId::parse(rq.param("id"));
  if (!id) throw core::Problem(404, "validation_failed", "user_id must be an UUID");
  return *id;
}

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
  Origin from;
};
Task<bool> delete_in(pg::Tx& tx, Deletion& deletion) {
  const bool deleted = co_await delete_user(tx, deletion.user);
  if (deleted) co_await audit(*deletion.auth, tx, "user_deleted", deletion.user, deletion.from);
  co_return deleted;
}

// Hashes that password_matches can judge.
bool known_hash(std::string_view hash) {
  return hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$") ||
         hash.starts_with("$argon2");
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

http::Response shown(const std::optional<User>& user) {
  if (!user) throw core::Problem(404, "user_not_found", "User not found");
  return http::json(user_json(*user));
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
  std::string links;
  if (ask.page < last)
    links = fmt::format("<{}/admin/users?page={}&per_page={}>; rel=\"next\", ", auth.config.issuer(), ask.page + 1,
                        ask.per_page);
  links += fmt::format("<{}/admin/users?page={}&per_page={}>; rel=\"last\"", auth.config.issuer(), last, ask.per_page);
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
  if (email.empty() && text_of(body, "phone").empty())
    throw core::Problem(400, "validation_failed", "Cannot create a user without either an email or phone");
  user.email = canonical_email(email);
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
  if (const std::string role = text_of(body, "role"); !role.empty() && role != "authenticated")
    throw core::Problem(400, "validation_failed", "role must be authenticated");
  if (body["email_confirm"].boolean().value_or(false)) user.confirmed_at = auth.clock.now();
  if (const std::string hash = text_of(body, "password_hash"); !hash.empty()) {
    if (!known_hash(hash) || hash.size() > 255)
      throw core::Problem(400, "validation_failed", "password_hash must be bcrypt or argon2");
    user.password_hash = hash;
  } else {
    std::string password = text_of(body, "password");
    if (password.empty()) password = core::base64url(core::random_bytes(32));
    require_acceptable(password);
    user.password_hash = co_await hash_password(auth, std::move(password));
  }
  const auto made = co_await auth.db.in(pg::as_service(kWhy), create_in, creation);
  co_return shown(made);
}

// GET /auth/v1/admin/users/{id}
Task<Response> admin_get_user(Auth& auth, Request& rq) {
  require_service(auth, rq);
  const auto found = co_await auth.db.in(pg::as_service(kWhy), find_in, id_of(rq));
  co_return shown(found);
}

// DELETE /auth/v1/admin/users/{id}: for good, whatever the body says.
Task<Response> admin_delete_user(Auth& auth, Request& rq) {
  require_service(auth, rq);
  const Deletion deletion{&auth, id_of(rq), origin_of(rq)};
  const bool deleted = co_await auth.db.in(pg::as_service(kWhy), delete_in, deletion);
  if (!deleted) throw core::Problem(404, "user_not_found", "User not found");
  co_return http::json("{}");
}

}  // namespace auth
