#include <fmt/format.h>

#include "access/client_info.h"
#include "auth_api/admin/user_fields.h"
#include "auth_api/bearer.h"
#include "auth_api/endpoints.h"
#include "auth_api/error.h"
#include "auth_api/request_body.h"
#include "core/crypto.h"
#include "core/text.h"
#include "identity/admin.h"
#include "identity/passwords.h"

namespace auth_api {

using namespace admin;

namespace {

constexpr std::int64_t kMaxPerPage = 1000;

std::int64_t positive_query(const Request& rq, std::string_view name, std::int64_t fallback, std::int64_t most) {
  const std::string_view text = rq.query(name).value_or("");
  if (text.empty()) return fallback;
  const auto value = core::parse_int(text);
  if (!value || *value < 1)
    throw HttpError(400, "validation_failed", "Bad Pagination Parameters: " + std::string(name));
  return std::min(*value, most);
}

// The requested app_metadata with the provider that the account really has.
std::string app_metadata(const core::Json& body) {
  core::JsonWriter out;
  out.begin();
  for (const auto& [name, value] : body["app_metadata"].members())
    if (name != "provider" && name != "providers") out.key(name).raw(value.dump());
  out.field("provider", "email").key("providers").begin_array().value("email").end_array().end();
  return out.take();
}

}  // namespace

// GET /auth/v1/admin/users?page=&per_page=&filter=
Task<Response> admin_list_users(AuthApi& api, Request& rq) {
  require_service(api, rq);
  const std::string filter(rq.query("filter").value_or(""));
  const std::int64_t number = positive_query(rq, "page", 1, 1'000'000);
  const std::int64_t per_page = positive_query(rq, "per_page", 50, kMaxPerPage);
  const identity::UserPage page = co_await identity::list_users(api.identity, filter, number, per_page);
  core::JsonWriter out;
  out.begin().key("users").begin_array();
  for (const identity::User& user : page.users) out.raw(identity::user_json(user));
  out.end_array().field("aud", "authenticated").end();
  http::Response response = http::json(out.take());
  response.headers.set("X-Total-Count", std::to_string(page.total));
  const std::int64_t last = std::max<std::int64_t>(1, (page.total + per_page - 1) / per_page);
  const std::string filtered = filter.empty() ? "" : "&filter=" + core::percent_encode(filter);
  const auto link = [&](std::int64_t to, std::string_view rel) {
    return fmt::format("<{}/admin/users?page={}&per_page={}{}>; rel=\"{}\"", api.identity.config.issuer(), to, per_page,
                       filtered, rel);
  };
  const std::string links = (number < last ? link(number + 1, "next") + ", " : "") + link(last, "last");
  response.headers.set("Link", links);
  co_return response;
}

// POST /auth/v1/admin/users: no email, no welcome credits; unconfirmed unless email_confirm is true.
Task<Response> admin_create_user(AuthApi& api, Request& rq) {
  require_service(api, rq);
  const core::Json body = object_body(rq);
  identity::NewUser user;
  const std::string email = text_of(body, "email");
  user.phone = phone_of(body);
  if (email.empty() && user.phone.empty())
    throw HttpError(400, "validation_failed", "Cannot create a user without either an email or phone");
  if (!email.empty()) user.email = identity::canonical_email(email);
  user.id = core::UserId::random();
  if (const std::string id = text_of(body, "id"); !id.empty()) {
    const auto parsed = core::UserId::parse(id);
    if (!parsed || parsed->uuid().is_nil())
      throw HttpError(400, "validation_failed", "ID must conform to the uuid v4 format");
    user.id = *parsed;
  }
  user.user_metadata = object_of(body, "user_metadata");
  object_of(body, "app_metadata");
  user.app_metadata = app_metadata(body);
  identity::require_metadata_fits(user.user_metadata, user.app_metadata);
  refuse_other_role(body);
  const core::Time now = api.identity.clock.now();
  if (!email.empty() && body["email_confirm"].boolean().value_or(false)) user.confirmed_at = now;
  if (!user.phone.empty() && body["phone_confirm"].boolean().value_or(false)) user.phone_confirmed_at = now;
  user.banned_until = ban_of(body, now).until;
  user.password_hash = co_await password_hash_of(api, body);
  // As GoTrue does: a random password keeps everyone out as well as none.
  if (user.password_hash.empty())
    user.password_hash = co_await identity::hash_password(api.identity, core::base64url(core::random_bytes(32)));
  const auto created =
      co_await identity::create_user(api.identity, std::move(user), access_control::client_info_of(rq));
  co_return user_response(created);
}

// GET /auth/v1/admin/users/{id}
Task<Response> admin_get_user(AuthApi& api, Request& rq) {
  require_service(api, rq);
  const auto found = co_await identity::find_user(api.identity, id_of(rq));
  co_return user_response(found);
}

// PUT /auth/v1/admin/users/{id}: an address changes at once and without an email; a new password ends every session.
Task<Response> admin_update_user(AuthApi& api, Request& rq) {
  require_service(api, rq);
  const core::Json body = object_body(rq);
  const core::UserId id = id_of(rq);
  identity::AdminUserChanges change;
  if (const std::string email = text_of(body, "email"); !email.empty()) change.email = identity::canonical_email(email);
  change.phone = phone_of(body);
  change.confirm_email = body["email_confirm"].boolean().value_or(false);
  change.confirm_phone = body["phone_confirm"].boolean().value_or(false);
  const Ban ban = ban_of(body, api.identity.clock.now());
  change.sets_ban = ban.given;
  change.banned_until = ban.until;
  change.user_metadata = object_of(body, "user_metadata");
  change.app_metadata = object_of(body, "app_metadata");
  refuse_other_role(body);
  std::string hash = co_await password_hash_of(api, body);
  const auto updated = co_await identity::update_user(api.identity, id, std::move(change), std::move(hash),
                                                      access_control::client_info_of(rq));
  co_return user_response(updated);
}

// DELETE /auth/v1/admin/users/{id}: for good, unless the body asks for should_soft_delete.
Task<Response> admin_delete_user(AuthApi& api, Request& rq) {
  require_service(api, rq);
  bool soft = false;
  if (!rq.body.empty()) soft = object_body(rq)["should_soft_delete"].boolean().value_or(false);
  const auto deletion = soft ? identity::Deletion::soft : identity::Deletion::hard;
  const bool deleted =
      co_await identity::delete_user(api.identity, id_of(rq), deletion, access_control::client_info_of(rq));
  if (!deleted) throw HttpError(404, "user_not_found", "User not found");
  co_return http::json("{}");
}

}  // namespace auth_api
