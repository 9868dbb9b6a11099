#include "identity/session_tokens.h"

#include "core/crypto.h"
#include "identity/jwt.h"
#include "identity/keyring.h"

namespace identity {
namespace {

constexpr pg::Sql kInsertToken{"identity.refresh_insert", R"sql(
  insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
  values ('00000000-0000-0000-0000-000000000000', $1, $2::uuid::text, false, $3, $3, nullif($4::text, ''), $5)
)sql"};

constexpr std::size_t kGrown = 256;  // bytes that confirmation and identities may add after the limit was checked

struct Amr {
  std::string method;
  core::Time at;
};
constexpr pg::Sql kAmr{"identity.session_amr", R"sql(
  select authentication_method, created_at from auth.mfa_amr_claims
  where session_id = $1 order by created_at desc
)sql"};

}  // namespace

std::string stored_form(std::string_view refresh_token) { return "sha256:" + core::hex(core::sha256(refresh_token)); }

std::string successor(const Identity& identity, std::string_view stored_form) {
  return core::base64url(core::hmac_sha256(identity.config.jwt_secret.reveal(), "refresh:" + std::string(stored_form)));
}

Task<std::string> session_json(Identity& identity, pg::Tx& tx, core::SessionId id, const User& user,
                               std::string_view aal, std::string_view refresh_token) {
  const core::Json row = core::Json::parse(user.row.text).value_or(core::Json());
  co_await identity.keyring().refresh(identity);
  const std::vector<Amr> methods = co_await tx.many<Amr>(kAmr, id);
  const std::string data = row["raw_user_meta_data"].is_object() ? row["raw_user_meta_data"].dump() : "{}";
  const std::string app = row["raw_app_meta_data"].is_object() ? row["raw_app_meta_data"].dump() : "{}";
  // Imported metadata may exceed the limit. A token that nobody accepts would be worse than one without it.
  const bool fits = data.size() + app.size() <= kMaxMetadata + kGrown;
  const std::int64_t now = core::unix_seconds(identity.clock.now());
  const std::int64_t expires = now + identity.config.access_seconds;
  core::JsonWriter claims;
  claims.begin().field("iss", identity.config.issuer()).field("sub", user.id).field("aud", "authenticated");
  claims.field("exp", expires).field("iat", now).field("email", user.email);
  claims.field("phone", row["phone"].string_or(""));
  claims.key("app_metadata").raw(app).key("user_metadata").raw(fits ? data : "{}");
  claims.field("role", "authenticated").field("aal", aal).key("amr").begin_array();
  for (const Amr& amr : methods)
    claims.begin().field("method", amr.method).field("timestamp", core::unix_seconds(amr.at)).end();
  claims.end_array().field("session_id", id);
  claims.field("is_anonymous", row["is_anonymous"].boolean().value_or(false)).end();

  core::JsonWriter out;
  out.begin().field("access_token", jwt::sign(claims.str(), identity.keyring().keys()));
  out.field("token_type", "bearer").field("expires_in", identity.config.access_seconds).field("expires_at", expires);
  out.field("refresh_token", refresh_token).key("user").raw(user_json(user)).end();
  co_return out.take();
}

Task<> insert_token(Identity& identity, pg::Tx& tx, std::string_view token, std::string_view parent,
                    const Session& session) {
  const std::string value = stored_form(token);
  const std::string before(parent);
  co_await tx.run(kInsertToken, value, session.user, identity.clock.now(), before, session.id);
}

}  // namespace identity
