#include "identity/api_keys.h"

#include "core/crypto.h"
#include "core/problem.h"
#include "identity/audit_log.h"
#include "identity/jwt.h"
#include "identity/keyring.h"

namespace identity {
namespace {

constexpr const char* kWhy = "the operator manages keys";
const ClientInfo kOperator;  // on the machine itself: no address

constexpr pg::Sql kInsertApi{"identity.api_key_insert", R"sql(
  insert into auth.api_keys (kind, name, prefix, secret_hash, created_at)
  values ($1, $2, $3, decode($4, 'hex'), $5) returning id::text
)sql"};
constexpr pg::Sql kListApi{"identity.api_key_list", R"sql(
  select id::text, kind, name, prefix, created_at, revoked_at is not null
  from auth.api_keys order by created_at desc limit 1000
)sql"};
constexpr pg::Sql kRevokeApi{"identity.api_key_revoke", R"sql(
  update auth.api_keys set revoked_at = $2 where (id::text = $1 or prefix = $1) and revoked_at is null
)sql"};

struct NewKey {
  Identity* identity;
  std::string word, name, prefix, hash;
};
Task<> create_in(pg::Tx& tx, NewKey& key) {
  co_await tx.one<std::string>(kInsertApi, key.word, key.name, key.prefix, key.hash, key.identity->clock.now());
  co_await audit(*key.identity, tx, "api_key_created", std::nullopt, kOperator);
}

struct Revocation {
  Identity* identity;
  std::string key;
};
Task<bool> revoke_in(pg::Tx& tx, Revocation& revocation) {
  Identity& identity = *revocation.identity;
  const std::int64_t changed = co_await tx.run(kRevokeApi, revocation.key, identity.clock.now());
  if (changed > 0) co_await audit(identity, tx, "api_key_revoked", std::nullopt, kOperator);
  co_return changed > 0;
}

}  // namespace

std::string make_api_key(std::string_view secret, std::string_view role) {
  // Fixed times: the same secret gives the same key on every machine.
  const std::string claims =
      std::string(R"({"iss":"tenon","role":")") + std::string(role) + R"(","iat":1767225600,"exp":2082758400})";
  return jwt::sign(claims, secret);
}

Task<std::string> create_api_key(Identity& identity, ApiKeyKind kind, std::string name) {
  if (name.empty() || name.size() > 100) throw core::Problem(400, "identity.validation_failed.key_name");
  const std::string word = kind == ApiKeyKind::secret ? "secret" : "publishable";
  const std::string key = "sb_" + word + "_" + core::base64url(core::random_bytes(24));
  const std::string prefix = key.substr(0, word.size() + 4 + 6);
  const std::string hash = core::hex(core::sha256(key));
  const NewKey made{&identity, word, std::move(name), prefix, hash};
  co_await identity.db.in(pg::as_service(kWhy), create_in, made);
  co_return key;
}

Task<std::vector<ApiKeyInfo>> api_keys(Identity& identity) {
  co_return co_await identity.db.as(pg::as_service(kWhy)).many<ApiKeyInfo>(kListApi);
}

Task<bool> revoke_api_key(Identity& identity, std::string id_or_prefix) {
  const Revocation revocation{&identity, std::move(id_or_prefix)};
  co_return co_await identity.db.in(pg::as_service(kWhy), revoke_in, revocation);
}

std::optional<std::string> role_of_known_key(const Identity& identity, std::string_view key) {
  const Config& config = identity.config;
  if (core::equal_constant_time(key, config.anon_key.reveal())) return "anon";
  if (core::equal_constant_time(key, config.service_key.reveal())) return "service_role";
  return identity.keyring().role_of(key);
}

std::optional<std::string> role_of_api_key(const Identity& identity, std::string_view key) {
  if (auto role = role_of_known_key(identity, key)) return role;
  const auto claims = identity.keyring().verify(key, identity.clock.now());
  if (!claims || !claims->subject.empty() || claims->role == "authenticated") return std::nullopt;
  return claims->role;
}

}  // namespace identity
