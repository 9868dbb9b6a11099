// The doors of `tenon keys` that auth.h declares: rotation of signing keys, and opaque API keys.
#include "auth/audit.h"
#include "auth/auth.h"
#include "auth/keys/keys.h"
#include "auth/keys/seal.h"
#include "core/crypto.h"
#include "core/problem.h"

namespace auth {
namespace {

constexpr const char* kWhy = "the operator manages keys";
const Origin kOperator;  // at the machine itself: no address

constexpr pg::Sql kLock{"auth.signing_lock", R"sql(
  select pg_advisory_xact_lock(hashtextextended('tenon auth signing keys', 0))::text
)sql"};
constexpr pg::Sql kRetire{"auth.signing_retire", R"sql(
  update auth.signing_keys set state = 'previous', retired_at = $1 where state = 'current'
)sql"};
constexpr pg::Sql kPromote{"auth.signing_promote", R"sql(
  update auth.signing_keys set state = 'current' where kid = (
    select kid from auth.signing_keys where state = 'next' and alg = 'ES256' order by created_at limit 1)
)sql"};
constexpr pg::Sql kInsert{"auth.signing_insert", R"sql(
  insert into auth.signing_keys (kid, alg, public_jwk, private_enc, state, created_at)
  values ($1, 'ES256', $2::jsonb, decode($3, 'hex'), $4, $5)
)sql"};
constexpr pg::Sql kList{"auth.signing_list", R"sql(
  select kid, alg, state, created_at from auth.signing_keys order by created_at desc limit 100
)sql"};

constexpr pg::Sql kInsertApi{"auth.api_key_insert", R"sql(
  insert into auth.api_keys (kind, name, prefix, secret_hash, created_at)
  values ($1, $2, $3, decode($4, 'hex'), $5) returning id::text
)sql"};
constexpr pg::Sql kListApi{"auth.api_key_list", R"sql(
  select id::text, kind, name, prefix, created_at, revoked_at is not null
  from auth.api_keys order by created_at desc limit 1000
)sql"};
constexpr pg::Sql kRevokeApi{"auth.api_key_revoke", R"sql(
  update auth.api_keys set revoked_at = $2 where (id::text = $1 or prefix = $1) and revoked_at is null
)sql"};

Task<std::string> make_key(Auth& auth, pg::Tx& tx, std::string state) {
  const core::EcKey key = core::EcKey::generate();
  const std::string kid = core::Uuid::random().str();
  const pg::Json jwk{jwt::jwk_of({kid, "ES256", key.x(), key.y()})};
  const std::string sealed = core::hex(seal(auth.config, "signing key", key.private_der()));
  co_await tx.run(kInsert, kid, jwk, sealed, state, auth.clock.now());
  co_return kid;
}

Task<std::string> rotate_in(pg::Tx& tx, Auth*& self) {
  Auth& auth = *self;
  co_await tx.one<std::string>(kLock);
  co_await tx.run(kRetire, auth.clock.now());
  const std::int64_t promoted = co_await tx.run(kPromote);
  if (promoted == 0) co_await make_key(auth, tx, "current");
  std::string next = co_await make_key(auth, tx, "next");
  co_await audit(auth, tx, "signing_keys_rotated", std::nullopt, kOperator);
  co_return next;
}

struct NewKey {
  Auth* auth;
  std::string word, name, prefix, hash;
};
Task<> create_in(pg::Tx& tx, NewKey& key) {
  co_await tx.one<std::string>(kInsertApi, key.word, key.name, key.prefix, key.hash, key.auth->clock.now());
  co_await audit(*key.auth, tx, "api_key_created", std::nullopt, kOperator);
}

struct Revocation {
  Auth* auth;
  std::string key;
};
Task<bool> revoke_in(pg::Tx& tx, Revocation& revocation) {
  Auth& auth = *revocation.auth;
  const std::int64_t changed = co_await tx.run(kRevokeApi, revocation.key, auth.clock.now());
  if (changed > 0) co_await audit(auth, tx, "api_key_revoked", std::nullopt, kOperator);
  co_return changed > 0;
}

}  // namespace

Task<> rotate_signing_keys(Auth& auth) {
  Auth* self = &auth;
  co_await auth.db.in(pg::as_service(kWhy), rotate_in, self);
}

Task<std::vector<SigningKeyInfo>> signing_keys(Auth& auth) {
  co_return co_await auth.db.as(pg::as_service(kWhy)).many<SigningKeyInfo>(kList);
}

Task<std::string> create_api_key(Auth& auth, ApiKeyKind kind, std::string name) {
  if (name.empty() || name.size() > 100) throw core::Problem(400, "validation_failed", "A key has a name");
  const std::string word = kind == ApiKeyKind::secret ? "secret" : "publishable";
  const std::string key = "sb_" + word + "_" + core::base64url(core::random_bytes(24));
  const std::string prefix = key.substr(0, word.size() + 4 + 6);
  const std::string hash = core::hex(core::sha256(key));
  const NewKey made{&auth, word, std::move(name), prefix, hash};
  co_await auth.db.in(pg::as_service(kWhy), create_in, made);
  co_return key;
}

Task<std::vector<ApiKeyInfo>> api_keys(Auth& auth) {
  co_return co_await auth.db.as(pg::as_service(kWhy)).many<ApiKeyInfo>(kListApi);
}

Task<bool> revoke_api_key(Auth& auth, std::string id_or_prefix) {
  const Revocation revocation{&auth, std::move(id_or_prefix)};
  co_return co_await auth.db.in(pg::as_service(kWhy), revoke_in, revocation);
}

}  // namespace auth
