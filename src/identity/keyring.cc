#include "identity/keyring.h"

#include "core/crypto.h"
#include "core/log.h"
#include "identity/encrypted_column.h"

namespace identity {
namespace {

constexpr auto kFresh = std::chrono::seconds(10);
constexpr auto kKnown = kFresh + std::chrono::seconds(5);  // by this age every process has read a key
constexpr auto kSlack = std::chrono::seconds(60);
constexpr const char* kWhy = "keys are read before anyone is signed in";

struct KeyRow {
  std::string kid;
  pg::Json jwk;
  bool signs;
  std::string sealed;
};
// A retired key verifies until its last token has expired. A key that other processes may not have read yet does not
// sign: the newest one before it does.
constexpr pg::Sql kSigning{"identity.keyring_signing", R"sql(
  select kid, coalesce(public_jwk, 'null'), state <> 'next' and created_at <= $2, encode(private_enc, 'hex')
  from auth.signing_keys
  where alg = 'ES256' and (state in ('next', 'current') or (state = 'previous' and coalesce(retired_at, created_at) > $1))
  order by state = 'current' desc, retired_at desc nulls last, created_at desc limit 20
)sql"};

struct ApiRow {
  std::string hash;
  std::string kind;
};
constexpr pg::Sql kApi{"identity.keyring_api", R"sql(
  select encode(secret_hash, 'hex'), kind from auth.api_keys where revoked_at is null order by created_at limit 1000
)sql"};

}  // namespace

Keyring::Keyring(const Config& config) : keys_(config.jwt_secret.reveal()) {}

Task<> Keyring::refresh(Identity& identity) {
  const core::Time now = identity.clock.now();
  if ((reading_ && read_at_) || (read_at_ && now - *read_at_ < kFresh)) co_return;
  reading_ = true;
  std::exception_ptr failure;
  try {
    co_await read(identity);
  } catch (...) {
    failure = std::current_exception();
  }
  reading_ = false;
  if (failure) std::rethrow_exception(failure);
}

Task<> Keyring::read(Identity& identity) {
  const core::Time now = identity.clock.now();
  const core::Time oldest = now - std::chrono::seconds(identity.config.access_seconds) - kSlack;
  const std::vector<KeyRow> signing =
      co_await identity.db.as(pg::as_service(kWhy)).many<KeyRow>(kSigning, oldest, now - kKnown);
  const std::vector<ApiRow> api = co_await identity.db.as(pg::as_service(kWhy)).many<ApiRow>(kApi);
  jwt::KeySet keys(identity.config.jwt_secret.reveal());
  bool signs = false;
  for (const KeyRow& row : signing) {
    auto known = jwt::public_key(core::Json::parse(row.jwk.text).value_or(core::Json()));
    if (!known || known->kid != row.kid) continue;
    keys.trust(std::move(*known));
    if (signs || !row.signs) continue;
    const auto opened = decrypt_column(identity.config, "signing key", core::unhex(row.sealed).value_or(""));
    auto key = opened ? core::EcKey::from_private(*opened) : std::nullopt;
    signs = true;  // an unreadable key falls back to HS256, not to a retired key whose tokens would expire early
    if (key) keys.sign_with(row.kid, std::move(*key));
    else core::log::error("identity.signing_key.unreadable", {{"kid", row.kid}});
  }
  for (const jwt::PublicKey& key : identity.config.trusted_keys) keys.trust(key);
  roles_.clear();
  for (const ApiRow& row : api) roles_.emplace(row.hash, row.kind == "secret" ? "service_role" : "anon");
  keys_ = std::move(keys);
  verified_.clear();
  read_at_ = now;
}

std::optional<std::string> Keyring::role_of(std::string_view opaque_key) const {
  if (!opaque_key.starts_with("sb_") || opaque_key.size() > 200) return std::nullopt;
  const auto found = roles_.find(core::hex(core::sha256(opaque_key)));
  if (found == roles_.end()) return std::nullopt;
  return found->second;
}

}  // namespace identity
