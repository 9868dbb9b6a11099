#include "identity/signing_keys.h"

#include "core/crypto.h"
#include "identity/audit_log.h"
#include "identity/encrypted_column.h"
#include "identity/key_set.h"

namespace identity {
namespace {

constexpr const char* kWhy = "the operator manages keys";
const ClientInfo kOperator;  // on the machine itself: no address

constexpr pg::Sql kLock{"identity.signing_lock", R"sql(
  select pg_advisory_xact_lock(hashtextextended('tenon auth signing keys', 0))::text
)sql"};
constexpr pg::Sql kRetire{"identity.signing_retire", R"sql(
  update auth.signing_keys set state = 'previous', retired_at = $1 where state = 'current'
)sql"};
constexpr pg::Sql kPromote{"identity.signing_promote", R"sql(
  update auth.signing_keys set state = 'current' where kid = (
    select kid from auth.signing_keys where state = 'next' and alg = 'ES256' order by created_at limit 1)
)sql"};
constexpr pg::Sql kInsert{"identity.signing_insert", R"sql(
  insert into auth.signing_keys (kid, alg, public_jwk, private_enc, state, created_at)
  values ($1, 'ES256', $2::jsonb, decode($3, 'hex'), $4, $5)
)sql"};
constexpr pg::Sql kList{"identity.signing_list", R"sql(
  select kid, alg, state, created_at from auth.signing_keys order by created_at desc limit 100
)sql"};

Task<std::string> make_key(Identity& identity, pg::Tx& tx, std::string state) {
  const core::EcKey key = core::EcKey::generate();
  const std::string kid = core::Uuid::random().str();
  const pg::Json jwk{jwt::jwk_of({kid, "ES256", key.x(), key.y()})};
  const std::string sealed = core::hex(encrypt_column(identity.config, "signing key", key.private_der()));
  co_await tx.run(kInsert, kid, jwk, sealed, state, identity.clock.now());
  co_return kid;
}

Task<std::string> rotate_in(pg::Tx& tx, Identity*& self) {
  Identity& identity = *self;
  co_await tx.one<std::string>(kLock);
  co_await tx.run(kRetire, identity.clock.now());
  const std::int64_t promoted = co_await tx.run(kPromote);
  if (promoted == 0) co_await make_key(identity, tx, "current");
  std::string next = co_await make_key(identity, tx, "next");
  co_await audit(identity, tx, "signing_keys_rotated", std::nullopt, kOperator);
  co_return next;
}

}  // namespace

Task<> rotate_signing_keys(Identity& identity) {
  Identity* self = &identity;
  co_await identity.db.in(pg::as_service(kWhy), rotate_in, self);
}

Task<std::vector<SigningKeyInfo>> signing_keys(Identity& identity) {
  co_return co_await identity.db.as(pg::as_service(kWhy)).many<SigningKeyInfo>(kList);
}

}  // namespace identity
