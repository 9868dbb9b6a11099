#include "identity/user_changes.h"

#include "core/crypto.h"
#include "core/problem.h"

namespace identity {
namespace {

constexpr pg::Sql kChange{"identity.user_change", R"sql(
  update auth.users set
    email = coalesce(nullif($2::text, ''), email),
    -- A change that still waits for its proofs is of the address before.
    email_change = case when $2::text in ('', lower(email)) then email_change else '' end,
    phone = coalesce(nullif($3::text, ''), phone),
    email_confirmed_at = case when $4 then coalesce(email_confirmed_at, $10) else email_confirmed_at end,
    phone_confirmed_at = case when $5 then coalesce(phone_confirmed_at, $10) else phone_confirmed_at end,
    banned_until = case when $6 then $7 else banned_until end,
    raw_user_meta_data = coalesce((
      select jsonb_object_agg(e.key, e.value)
      from jsonb_each(coalesce(raw_user_meta_data, '{}') || $8::jsonb) e where e.value <> 'null'), '{}'),
    raw_app_meta_data = coalesce((
      select jsonb_object_agg(e.key, e.value)
      from jsonb_each(coalesce(raw_app_meta_data, '{}') || $9::jsonb) e where e.value <> 'null'), '{}'),
    updated_at = $10
  where id = $1
)sql"};

constexpr pg::Sql kBegin{"identity.email_change_begin", R"sql(
  update auth.users
  set email_change = $2, email_change_sent_at = $3, email_change_confirm_status = 0, updated_at = $3
  where id = $1
)sql"};

constexpr pg::Sql kPending{"identity.email_change_pending", R"sql(
  select coalesce(email_change, ''), coalesce(email_change_confirm_status, 0)::int2
  from auth.users where id = $1 and coalesce(email_change, '') <> '' for no key update
)sql"};

constexpr pg::Sql kHalf{"identity.email_change_half", R"sql(
  update auth.users set email_change_confirm_status = 1, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kFinish{"identity.email_change_finish", R"sql(
  update auth.users
  set email = email_change, email_change = '', email_change_confirm_status = 0, is_anonymous = false,
      email_confirmed_at = coalesce(email_confirmed_at, $2), updated_at = $2,
      raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || '{"email_verified": true}',
      raw_app_meta_data = case when raw_app_meta_data ? 'provider' then raw_app_meta_data
                               else coalesce(raw_app_meta_data, '{}') || '{"provider": "email", "providers": ["email"]}' end
  where id = $1
  returning email::text
)sql"};

// The email identity follows the address; an anonymous user has none yet.
constexpr pg::Sql kFollow{"identity.identity_follow_email", R"sql(
  insert into auth.identities (provider, provider_id, user_id, identity_data, last_sign_in_at, created_at, updated_at)
  values ('email', $1::uuid::text, $1::uuid, jsonb_build_object('sub', $1::uuid::text, 'email', $2::text,
          'email_verified', $4::boolean, 'phone_verified', false), $3, $3, $3)
  on conflict (provider_id, provider) do update
    set identity_data = auth.identities.identity_data || jsonb_build_object('email', $2::text, 'email_verified', $4::boolean),
        updated_at = $3
)sql"};

constexpr pg::Sql kReauthentication{"identity.user_reauthentication_sent", R"sql(
  update auth.users set reauthentication_sent_at = $2, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kInvited{"identity.user_invited", R"sql(
  update auth.users set invited_at = $2, updated_at = $2 where id = $1
)sql"};

constexpr pg::Sql kClearPassword{"identity.user_clear_password", R"sql(
  update auth.users set encrypted_password = null, raw_user_meta_data = '{}', updated_at = $2 where id = $1
)sql"};

// As GoTrue does: the row stays for rows that refer to it, and all personal data is hashed or removed.
constexpr pg::Sql kSoftDelete{"identity.user_soft_delete", R"sql(
  update auth.users
  set deleted_at = $2, updated_at = $2, email = $3, phone = null, encrypted_password = null, email_change = '',
      phone_change = '', raw_user_meta_data = '{}', raw_app_meta_data = '{}'
  where id = $1
)sql"};
constexpr pg::Sql kSoftDeleteRest{"identity.user_soft_delete_rest", R"sql(
  with identities as (delete from auth.identities where user_id = $1),
       factors as (delete from auth.mfa_factors where user_id = $1),
       tokens as (delete from auth.one_time_tokens where user_id = $1)
  delete from auth.sessions where user_id = $1
)sql"};

struct IdentityRow {
  core::Uuid id;
  std::string provider;
};
constexpr pg::Sql kIdentities{"identity.identity_list", R"sql(
  select id, provider from auth.identities where user_id = $1 order by created_at for update
)sql"};
constexpr pg::Sql kUnlink{"identity.identity_delete", R"sql(
  delete from auth.identities where id = $1 and user_id = $2
)sql"};
constexpr pg::Sql kProviders{"identity.user_providers", R"sql(
  update auth.users u
  set updated_at = $2, raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || (
    select jsonb_build_object('provider', (array_agg(p.provider order by p.first, p.provider))[1],
                              'providers', to_jsonb(array_agg(p.provider order by p.first, p.provider)))
    from (select provider, min(created_at) as first from auth.identities where user_id = $1 group by provider) p)
  where u.id = $1
)sql"};

[[noreturn]] void rethrow(const pg::Error& error) {
  if (error.sqlstate == "23505" && error.constraint == "users_phone_key")
    throw core::Problem(422, "identity.phone_exists");
  if (error.sqlstate == "23505") throw core::Problem(422, "identity.email_exists");
  throw error;
}

}  // namespace

Task<> change_user(pg::Tx& tx, core::UserId user, const AdminUserChanges& change, core::Time now) {
  const pg::Json data{change.user_metadata};
  const pg::Json app{change.app_metadata};
  try {
    co_await tx.run(kChange, user, change.email, change.phone, change.confirm_email, change.confirm_phone,
                    change.sets_ban, change.banned_until, data, app, now);
  } catch (const pg::Error& error) {
    rethrow(error);
  }
  if (!change.email.empty()) co_await tx.run(kFollow, user, change.email, now, change.confirm_email);
}

Task<> begin_email_change(pg::Tx& tx, core::UserId user, std::string_view address, core::Time now) {
  const std::string value(address);
  co_await tx.run(kBegin, user, value, now);
}

Task<std::optional<EmailChange>> email_change_of(pg::Tx& tx, core::UserId user) {
  co_return co_await tx.maybe<EmailChange>(kPending, user);
}

Task<> record_one_confirmation(pg::Tx& tx, core::UserId user, core::Time now) { co_await tx.run(kHalf, user, now); }

Task<> finish_email_change(pg::Tx& tx, core::UserId user, core::Time now) {
  std::string address;
  try {
    address = co_await tx.one<std::string>(kFinish, user, now);
  } catch (const pg::Error& error) {
    rethrow(error);
  }
  co_await tx.run(kFollow, user, address, now, true);
}

Task<> mark_reauthentication_sent(pg::Tx& tx, core::UserId user, core::Time now) {
  co_await tx.run(kReauthentication, user, now);
}
Task<> mark_invited(pg::Tx& tx, core::UserId user, core::Time now) { co_await tx.run(kInvited, user, now); }
Task<> clear_password(pg::Tx& tx, core::UserId user, core::Time now) { co_await tx.run(kClearPassword, user, now); }

Task<> soft_delete(pg::Tx& tx, core::UserId user, core::Time now) {
  const std::string gone = core::hex(core::sha256(user.str()));
  co_await tx.run(kSoftDelete, user, now, gone);
  co_await tx.run(kSoftDeleteRest, user);
}

Task<> refresh_providers(pg::Tx& tx, core::UserId user, core::Time now) { co_await tx.run(kProviders, user, now); }

Task<Unlinked> unlink_identity(pg::Tx& tx, core::UserId user, core::Uuid identity, core::Time now) {
  const std::vector<IdentityRow> all = co_await tx.many<IdentityRow>(kIdentities, user);
  bool found = false;
  for (const IdentityRow& row : all) found = found || row.id == identity;
  if (!found) co_return Unlinked::unknown;
  if (all.size() < 2) co_return Unlinked::last;
  co_await tx.run(kUnlink, identity, user);
  co_await refresh_providers(tx, user, now);
  co_return Unlinked::done;
}

}  // namespace identity
