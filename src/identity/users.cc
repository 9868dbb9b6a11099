#include "identity/users.h"

#include "core/problem.h"
#include "core/text.h"

namespace identity {
namespace {

// All selects of a User have the same columns.
constexpr pg::Sql kByEmail{"identity.user_by_email", R"sql(
  select u.id, coalesce(u.email, ''), u.encrypted_password, u.email_confirmed_at, u.confirmation_sent_at,
         u.recovery_sent_at, u.banned_until, to_jsonb(u) - 'encrypted_password' - 'confirmation_token'
           - 'recovery_token' - 'email_change_token_new' - 'email_change_token_current' - 'phone_change_token'
           - 'reauthentication_token',
         coalesce((select jsonb_agg(to_jsonb(i) order by i.created_at) from auth.identities i where i.user_id = u.id),
                  '[]'),
         coalesce((select jsonb_agg(to_jsonb(f) - 'secret' order by f.created_at)
                   from auth.mfa_factors f where f.user_id = u.id), '[]')
  from auth.users u
  where lower(u.email) = $1 and not u.is_sso_user and u.deleted_at is null
)sql"};

constexpr pg::Sql kLockByEmail{"identity.user_lock_by_email", R"sql(
  select u.id, coalesce(u.email, ''), u.encrypted_password, u.email_confirmed_at, u.confirmation_sent_at,
         u.recovery_sent_at, u.banned_until, to_jsonb(u) - 'encrypted_password' - 'confirmation_token'
           - 'recovery_token' - 'email_change_token_new' - 'email_change_token_current' - 'phone_change_token'
           - 'reauthentication_token',
         coalesce((select jsonb_agg(to_jsonb(i) order by i.created_at) from auth.identities i where i.user_id = u.id),
                  '[]'),
         coalesce((select jsonb_agg(to_jsonb(f) - 'secret' order by f.created_at)
                   from auth.mfa_factors f where f.user_id = u.id), '[]')
  from auth.users u
  where lower(u.email) = $1 and not u.is_sso_user and u.deleted_at is null
  for no key update of u
)sql"};

constexpr pg::Sql kById{"identity.user_by_id", R"sql(
  select u.id, coalesce(u.email, ''), u.encrypted_password, u.email_confirmed_at, u.confirmation_sent_at,
         u.recovery_sent_at, u.banned_until, to_jsonb(u) - 'encrypted_password' - 'confirmation_token'
           - 'recovery_token' - 'email_change_token_new' - 'email_change_token_current' - 'phone_change_token'
           - 'reauthentication_token',
         coalesce((select jsonb_agg(to_jsonb(i) order by i.created_at) from auth.identities i where i.user_id = u.id),
                  '[]'),
         coalesce((select jsonb_agg(to_jsonb(f) - 'secret' order by f.created_at)
                   from auth.mfa_factors f where f.user_id = u.id), '[]')
  from auth.users u
  where u.id = $1 and u.deleted_at is null
)sql"};

constexpr pg::Sql kList{"identity.user_list", R"sql(
  select u.id, coalesce(u.email, ''), u.encrypted_password, u.email_confirmed_at, u.confirmation_sent_at,
         u.recovery_sent_at, u.banned_until, to_jsonb(u) - 'encrypted_password' - 'confirmation_token'
           - 'recovery_token' - 'email_change_token_new' - 'email_change_token_current' - 'phone_change_token'
           - 'reauthentication_token',
         coalesce((select jsonb_agg(to_jsonb(i) order by i.created_at) from auth.identities i where i.user_id = u.id),
                  '[]'),
         coalesce((select jsonb_agg(to_jsonb(f) - 'secret' order by f.created_at)
                   from auth.mfa_factors f where f.user_id = u.id), '[]')
  from auth.users u
  where u.deleted_at is null and ($1 = '' or strpos(lower(u.email), lower($1)) > 0)
  order by u.created_at desc, u.id desc
  limit $2 offset $3
)sql"};

constexpr pg::Sql kCount{"identity.user_count", R"sql(
  select count(*) from auth.users u
  where u.deleted_at is null and ($1 = '' or strpos(lower(u.email), lower($1)) > 0)
)sql"};

constexpr pg::Sql kInsertUser{"identity.user_insert", R"sql(
  insert into auth.users (instance_id, id, aud, role, email, encrypted_password, raw_app_meta_data,
                          raw_user_meta_data, email_confirmed_at, confirmation_sent_at, created_at, updated_at,
                          phone, phone_confirmed_at, banned_until, invited_at, is_anonymous)
  values ('00000000-0000-0000-0000-000000000000', $1, 'authenticated', $2, nullif($3::text, ''), $4, $5::jsonb,
          $6::jsonb, $7, $8, $9, $9, nullif($10::text, ''), $11, $12, $13, $14)
)sql"};

// Fires deferred triggers now, while their error can still be reported.
constexpr pg::Sql kFireDeferred{"identity.user_fire_deferred", R"sql(
  select tenon.fire_deferred()::text
)sql"};

constexpr pg::Sql kInsertIdentity{"identity.identity_insert", R"sql(
  insert into auth.identities (provider, provider_id, user_id, identity_data, last_sign_in_at, created_at, updated_at)
  values ($1, $2, $3, $4::jsonb, $5, $5, $5)
)sql"};

constexpr pg::Sql kSetPassword{"identity.user_set_password", R"sql(
  update auth.users set encrypted_password = $2, updated_at = $3 where id = $1
)sql"};

constexpr pg::Sql kMerge{"identity.user_merge_metadata", R"sql(
  update auth.users set updated_at = $3, raw_user_meta_data = coalesce((
    select jsonb_object_agg(e.key, e.value)
    from jsonb_each(coalesce(raw_user_meta_data, '{}') || $2::jsonb) e where e.value <> 'null'), '{}')
  where id = $1
)sql"};

constexpr pg::Sql kConfirmationSent{"identity.user_confirmation_sent", R"sql(
  update auth.users set confirmation_sent_at = $2, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kRecoverySent{"identity.user_recovery_sent", R"sql(
  update auth.users set recovery_sent_at = $2, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kConfirm{"identity.user_confirm", R"sql(
  update auth.users
  set email_confirmed_at = $2, updated_at = $2,
      raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || '{"email_verified": true}'
  where id = $1 and email_confirmed_at is null
)sql"};

constexpr pg::Sql kConfirmIdentity{"identity.identity_confirm", R"sql(
  update auth.identities
  set identity_data = identity_data || '{"email_verified": true}', updated_at = $2
  where user_id = $1 and provider = 'email'
)sql"};

constexpr pg::Sql kDelete{"identity.user_delete", R"sql(
  select tenon.delete_user($1)
)sql"};

// Writes a member of the row unless it is null or empty; times as GoTrue formats them.
void put_time(core::JsonWriter& out, const core::Json& row, std::string_view column, std::string_view name) {
  const auto text = row[column].string();
  if (!text || text->empty()) return;
  const auto time = core::parse_rfc3339(*text);
  if (time) out.field(name, core::rfc3339(*time));
}

void put_text(core::JsonWriter& out, const core::Json& row, std::string_view column, std::string_view name) {
  const std::string text = row[column].string_or("");
  if (!text.empty()) out.field(name, text);
}

NewIdentity identity_of(const NewUser& user) {
  if (user.identity) return *user.identity;
  core::JsonWriter data;
  data.begin().field("sub", user.id).field("email", user.email);
  data.field("email_verified", user.confirmed_at.has_value()).field("phone_verified", false).end();
  return {"email", user.id.str(), data.take()};
}

std::string object_or_empty(const core::Json& value) { return value.is_object() ? value.dump() : "{}"; }

void put_identity(core::JsonWriter& out, const core::Json& identity) {
  out.begin();
  out.field("identity_id", identity["id"].string_or(""));
  out.field("id", identity["provider_id"].string_or(""));
  out.field("user_id", identity["user_id"].string_or(""));
  out.key("identity_data").raw(object_or_empty(identity["identity_data"]));
  out.field("provider", identity["provider"].string_or(""));
  put_time(out, identity, "last_sign_in_at", "last_sign_in_at");
  put_time(out, identity, "created_at", "created_at");
  put_time(out, identity, "updated_at", "updated_at");
  out.field("email", identity["email"].string_or(""));
  out.end();
}

void put_factor(core::JsonWriter& out, const core::Json& factor) {
  out.begin().field("id", factor["id"].string_or(""));
  put_time(out, factor, "created_at", "created_at");
  put_time(out, factor, "updated_at", "updated_at");
  out.field("status", factor["status"].string_or("")).field("friendly_name", factor["friendly_name"].string_or(""));
  out.field("factor_type", factor["factor_type"].string_or(""));
  put_text(out, factor, "phone", "phone");
  put_time(out, factor, "last_challenged_at", "last_challenged_at");
  out.end();
}

}  // namespace

Task<std::optional<User>> user_by_email(pg::Tx& tx, std::string_view email) {
  const std::string key = core::lower(email);
  co_return co_await tx.maybe<User>(kByEmail, key);
}

Task<std::optional<User>> lock_user_by_email(pg::Tx& tx, std::string_view email) {
  const std::string key = core::lower(email);
  co_return co_await tx.maybe<User>(kLockByEmail, key);
}

Task<std::optional<User>> user_by_id(pg::Tx& tx, core::UserId id) { co_return co_await tx.maybe<User>(kById, id); }

Task<> insert_user(pg::Tx& tx, const NewUser& user, core::Time now) {
  std::optional<std::string> hash;
  if (!user.password_hash.empty()) hash = user.password_hash;
  const pg::Json app{user.app_metadata};
  const pg::Json meta{user.user_metadata};
  try {
    co_await tx.run(kInsertUser, user.id, user.role, user.email, hash, app, meta, user.confirmed_at,
                    user.confirmation_sent_at, now, user.phone, user.phone_confirmed_at, user.banned_until,
                    user.invited_at, user.is_anonymous);
    if (user.identity || !user.email.empty()) co_await insert_identity(tx, user.id, identity_of(user), now);
    co_await tx.one<std::string>(kFireDeferred);
  } catch (const pg::Error& error) {
    if (error.sqlstate == "23505" && error.constraint == "users_phone_key")
      throw core::Problem(422, "identity.phone_exists");
    if (error.sqlstate == "23505") throw core::Problem(422, "identity.email_exists");
    if (error.sqlstate == "40001" || error.sqlstate == "40P01") throw;
    throw core::Problem(500, "identity.unexpected_failure.new_user");
  }
}

Task<> insert_identity(pg::Tx& tx, core::UserId user, const NewIdentity& identity, core::Time now) {
  const pg::Json data{identity.data};
  co_await tx.run(kInsertIdentity, identity.provider, identity.provider_id, user, data, now);
}

Task<> set_password(pg::Tx& tx, core::UserId user, std::string_view hash, core::Time now) {
  const std::string value(hash);
  co_await tx.run(kSetPassword, user, value, now);
}

Task<> merge_user_metadata(pg::Tx& tx, core::UserId user, std::string_view json, core::Time now) {
  const pg::Json data{std::string(json)};
  co_await tx.run(kMerge, user, data, now);
}

Task<> mark_confirmation_sent(pg::Tx& tx, core::UserId user, core::Time now) {
  co_await tx.run(kConfirmationSent, user, now);
}

Task<> mark_recovery_sent(pg::Tx& tx, core::UserId user, core::Time now) { co_await tx.run(kRecoverySent, user, now); }

Task<Confirmed> confirm_email(pg::Tx& tx, core::UserId user, core::Time now) {
  const std::int64_t changed = co_await tx.run(kConfirm, user, now);
  if (changed == 0) co_return Confirmed::before;
  co_await tx.run(kConfirmIdentity, user, now);
  co_return Confirmed::now;
}

Task<bool> delete_user(pg::Tx& tx, core::UserId user) { co_return co_await tx.one<bool>(kDelete, user); }

Task<UserPage> list_users(pg::Tx& tx, std::string_view filter, std::int64_t page, std::int64_t per_page) {
  UserPage out;
  const std::string text(filter);
  out.total = co_await tx.one<std::int64_t>(kCount, text);
  const std::int64_t offset = (page - 1) * per_page;
  out.users = co_await tx.many<User>(kList, text, per_page, offset);
  co_return out;
}

std::string factors_json(const User& user) {
  const core::Json factors = core::Json::parse(user.factors.text).value_or(core::Json());
  core::JsonWriter out;
  out.begin_array();
  for (const core::Json& factor : factors.elements()) put_factor(out, factor);
  out.end_array();
  return out.take();
}

bool has_verified_factor(const User& user) {
  const core::Json factors = core::Json::parse(user.factors.text).value_or(core::Json());
  for (const core::Json& factor : factors.elements())
    if (factor["status"].string_or("") == "verified") return true;
  return false;
}

bool was_invited(const User& user) {
  const core::Json row = core::Json::parse(user.row.text).value_or(core::Json());
  return row["invited_at"].is_string();
}

std::string user_json(const User& user, std::string_view metadata) {
  const core::Json row = core::Json::parse(user.row.text).value_or(core::Json());
  const core::Json identities = core::Json::parse(user.identities.text).value_or(core::Json());
  core::JsonWriter out;
  out.begin().field("id", user.id).field("aud", row["aud"].string_or("")).field("role", row["role"].string_or(""));
  out.field("email", user.email);
  put_time(out, row, "email_confirmed_at", "email_confirmed_at");
  put_time(out, row, "invited_at", "invited_at");
  out.field("phone", row["phone"].string_or(""));
  put_time(out, row, "phone_confirmed_at", "phone_confirmed_at");
  put_time(out, row, "confirmation_sent_at", "confirmation_sent_at");
  put_time(out, row, "confirmed_at", "confirmed_at");
  put_time(out, row, "recovery_sent_at", "recovery_sent_at");
  put_text(out, row, "email_change", "new_email");
  put_time(out, row, "email_change_sent_at", "email_change_sent_at");
  put_text(out, row, "phone_change", "new_phone");
  put_time(out, row, "phone_change_sent_at", "phone_change_sent_at");
  put_time(out, row, "reauthentication_sent_at", "reauthentication_sent_at");
  put_time(out, row, "last_sign_in_at", "last_sign_in_at");
  out.key("app_metadata").raw(object_or_empty(row["raw_app_meta_data"]));
  out.key("user_metadata").raw(metadata.empty() ? object_or_empty(row["raw_user_meta_data"]) : std::string(metadata));
  if (const std::string factors = factors_json(user); factors != "[]") out.key("factors").raw(factors);
  out.key("identities").begin_array();
  for (const core::Json& identity : identities.elements()) put_identity(out, identity);
  out.end_array();
  put_time(out, row, "created_at", "created_at");
  put_time(out, row, "updated_at", "updated_at");
  put_time(out, row, "banned_until", "banned_until");
  put_time(out, row, "deleted_at", "deleted_at");
  out.field("is_anonymous", row["is_anonymous"].boolean().value_or(false)).end();
  return out.take();
}

std::string fabricated_user(std::string_view email, std::string_view user_metadata, core::Time now) {
  const core::UserId id = core::UserId::random();
  const std::string time = core::rfc3339(now);
  core::JsonWriter out;
  out.begin().field("id", id).field("aud", "authenticated").field("role", "authenticated");
  out.field("email", email).field("phone", "").field("confirmation_sent_at", time);
  out.key("app_metadata").raw(R"({"provider":"email","providers":["email"]})");
  out.key("user_metadata").raw(user_metadata).key("identities").begin_array().begin();
  out.field("identity_id", core::Uuid::random()).field("id", id).field("user_id", id).key("identity_data").begin();
  out.field("sub", id).field("email", email).field("email_verified", false).field("phone_verified", false).end();
  out.field("provider", "email").field("last_sign_in_at", time).field("created_at", time).field("updated_at", time);
  out.field("email", email).end().end_array();
  out.field("created_at", time).field("updated_at", time).field("is_anonymous", false).end();
  return out.take();
}

std::string canonical_email(std::string_view email) {
  const std::string address = core::lower(core::trim(email));
  const auto refuse = [] { throw core::Problem(400, "identity.validation_failed.email"); };
  if (address.empty() || address.size() > 255 || !core::valid_utf8(address)) refuse();
  const auto at = address.rfind('@');
  if (at == std::string::npos || at == 0 || at > 64 || at + 1 == address.size()) refuse();
  for (const char c : address)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || std::string_view("()<>[]:;,\\\"").contains(c)) refuse();
  const std::string_view local = std::string_view(address).substr(0, at);
  const std::string_view domain = std::string_view(address).substr(at + 1);
  if (local.contains('@') || local.front() == '.' || local.back() == '.' || local.contains("..")) refuse();
  if (domain.front() == '.' || domain.back() == '.' || domain.contains("..")) refuse();
  for (const std::string_view label : core::split(domain, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') refuse();
    for (const char c : label)
      if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && static_cast<unsigned char>(c) < 0x80)
        refuse();
  }
  return address;
}

}  // namespace identity
