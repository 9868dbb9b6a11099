#include "auth/oauth/flow.h"

#include <sodium.h>

#include "core/crypto.h"

namespace auth::oauth {
namespace {

constexpr auto kLifetime = std::chrono::minutes(10);
constexpr auto kKept = std::chrono::hours(24);  // a late return still learns where it wanted to go

constexpr pg::Sql kPut{"auth.flow_put", R"sql(
  insert into auth.flow_state (id, provider_type, authentication_method, referrer, code_challenge_method,
                               code_challenge, linking_target_id, created_at, updated_at)
  values ($1, $2, 'oauth', $3, nullif($4::text, '')::auth.code_challenge_method, nullif($5::text, ''), $6, $7, $7)
)sql"};

// Anyone may begin a flow, so each beginning clears away more than it leaves.
constexpr pg::Sql kForget{"auth.flow_forget", R"sql(
  delete from auth.flow_state where id in (
    select id from auth.flow_state where created_at < $1 order by created_at limit 20 for update skip locked)
)sql"};

struct Row {
  std::string provider;
  std::string redirect_to;
  std::string method;
  std::string challenge;
  std::optional<core::UserId> linking_to;
};
constexpr pg::Sql kTake{"auth.flow_take", R"sql(
  update auth.flow_state set auth_code_issued_at = $2, updated_at = $2
  where id = $1 and authentication_method = 'oauth' and auth_code_issued_at is null and created_at > $3
  returning provider_type, coalesce(referrer, ''), coalesce(code_challenge_method::text, ''),
            coalesce(code_challenge, ''), linking_target_id
)sql"};

constexpr pg::Sql kRead{"auth.flow_read", R"sql(
  select provider_type, coalesce(referrer, ''), coalesce(code_challenge_method::text, ''),
         coalesce(code_challenge, ''), linking_target_id
  from auth.flow_state where id = $1 and authentication_method = 'oauth'
)sql"};

constexpr pg::Sql kIssue{"auth.flow_issue_code", R"sql(
  update auth.flow_state
  set user_id = $2, auth_code = $3, provider_access_token = nullif($4, ''), provider_refresh_token = nullif($5, ''),
      auth_code_issued_at = $6, updated_at = $6
  where id = $1
)sql"};

std::string derived(const Auth& auth, std::string_view purpose, const Flow& flow) {
  return core::base64url(
      core::hmac_sha256(auth.config.jwt_secret.reveal(), "oauth " + std::string(purpose) + ":" + flow.id.str()));
}

std::string key_of(std::string_view code) { return core::hmac_sha256(code, "tenon oauth tokens"); }
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string sealed(std::string_view token, std::string_view code) {
  if (token.empty()) return {};
  const std::string key = key_of(code);
  const std::string nonce = core::random_bytes(crypto_secretbox_NONCEBYTES);
  std::string box(token.size() + crypto_secretbox_MACBYTES, '\0');
  crypto_secretbox_easy(reinterpret_cast<unsigned char*>(box.data()), bytes(token), token.size(), bytes(nonce),
                        bytes(key));
  return core::base64url(nonce + box);
}

}  // namespace

Task<> put_flow(pg::Tx& tx, const Flow& flow, core::Time now) {
  const core::Time oldest = now - kKept;
  co_await tx.run(kForget, oldest);
  co_await tx.run(kPut, flow.id, flow.provider, flow.redirect_to, flow.method, flow.challenge, flow.linking_to, now);
}

Task<std::optional<Taken>> take_flow(pg::Tx& tx, core::Uuid id, core::Time now) {
  const core::Time oldest = now - kLifetime;
  const auto taken = co_await tx.maybe<Row>(kTake, id, now, oldest);
  const bool good = taken.has_value();
  const auto row = good ? taken : co_await tx.maybe<Row>(kRead, id);
  if (!row) co_return std::nullopt;
  Taken out;
  out.flow = Flow{id, row->provider, row->redirect_to, row->method, row->challenge, row->linking_to};
  out.good = good;
  co_return out;
}

Task<std::string> issue_code(pg::Tx& tx, const Flow& flow, core::UserId user, const Person& person, core::Time now) {
  const std::string code = core::Uuid::random().str();
  const std::string hash = core::hex(core::sha256(code));
  const std::string access = sealed(person.access_token, code);
  const std::string refresh = sealed(person.refresh_token, code);
  co_await tx.run(kIssue, flow.id, user, hash, access, refresh, now);
  co_return code;
}

std::string unsealed(std::string_view text, std::string_view code) {
  const auto raw = core::unbase64url(text);
  if (!raw || raw->size() < crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES) return {};
  const std::string_view nonce = std::string_view(*raw).substr(0, crypto_secretbox_NONCEBYTES);
  const std::string_view box = std::string_view(*raw).substr(crypto_secretbox_NONCEBYTES);
  const std::string key = key_of(code);
  std::string out(box.size() - crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(out.data()), bytes(box), box.size(), bytes(nonce),
                                 bytes(key)) != 0)
    return {};
  return out;
}

std::string nonce_of(const Auth& auth, const Flow& flow) { return derived(auth, "nonce", flow); }
std::string verifier_of(const Auth& auth, const Flow& flow) { return derived(auth, "verifier", flow); }
std::string s256(std::string_view verifier) { return core::base64url(core::sha256(verifier)); }

}  // namespace auth::oauth
