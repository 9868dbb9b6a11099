#include "oauth/flow_state.h"

#include "core/crypto.h"
#include "identity/provider_tokens.h"

namespace oauth {
namespace {

constexpr auto kLifetime = std::chrono::minutes(10);
constexpr auto kKept = std::chrono::hours(24);  // so that a late return is still redirected to the right place

constexpr pg::Sql kPut{"oauth.flow_put", R"sql(
  insert into auth.flow_state (id, provider_type, authentication_method, referrer, code_challenge_method,
                               code_challenge, linking_target_id, created_at, updated_at)
  values ($1, $2, 'oauth', $3, nullif($4::text, '')::auth.code_challenge_method, nullif($5::text, ''), $6, $7, $7)
)sql"};

// Anyone may begin a flow, so each new one deletes more expired rows than it adds.
constexpr pg::Sql kForget{"oauth.flow_forget", R"sql(
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
constexpr pg::Sql kTake{"oauth.flow_take", R"sql(
  update auth.flow_state set auth_code_issued_at = $2, updated_at = $2
  where id = $1 and authentication_method = 'oauth' and auth_code_issued_at is null and created_at > $3
  returning provider_type, coalesce(referrer, ''), coalesce(code_challenge_method::text, ''),
            coalesce(code_challenge, ''), linking_target_id
)sql"};

constexpr pg::Sql kRead{"oauth.flow_read", R"sql(
  select provider_type, coalesce(referrer, ''), coalesce(code_challenge_method::text, ''),
         coalesce(code_challenge, ''), linking_target_id
  from auth.flow_state where id = $1 and authentication_method = 'oauth'
)sql"};

constexpr pg::Sql kIssue{"oauth.flow_issue_code", R"sql(
  update auth.flow_state
  set user_id = $2, auth_code = $3, provider_access_token = nullif($4, ''), provider_refresh_token = nullif($5, ''),
      auth_code_issued_at = $6, updated_at = $6
  where id = $1
)sql"};

std::string derived(const identity::Identity& identity, std::string_view purpose, const FlowState& flow) {
  return core::base64url(
      core::hmac_sha256(identity.config.jwt_secret.reveal(), "oauth " + std::string(purpose) + ":" + flow.id.str()));
}

}  // namespace

Task<> store_flow(pg::Tx& tx, const FlowState& flow, core::Time now) {
  const core::Time oldest = now - kKept;
  co_await tx.run(kForget, oldest);
  co_await tx.run(kPut, flow.id, flow.provider, flow.redirect_to, flow.method, flow.challenge, flow.linking_to, now);
}

Task<std::optional<ReturnedFlow>> consume_flow(pg::Tx& tx, core::Uuid id, core::Time now) {
  const core::Time oldest = now - kLifetime;
  const auto taken = co_await tx.maybe<Row>(kTake, id, now, oldest);
  const bool good = taken.has_value();
  const auto row = good ? taken : co_await tx.maybe<Row>(kRead, id);
  if (!row) co_return std::nullopt;
  ReturnedFlow out;
  out.flow = FlowState{id, row->provider, row->redirect_to, row->method, row->challenge, row->linking_to};
  out.good = good;
  co_return out;
}

Task<std::optional<ReturnedFlow>> consume_flow(identity::Identity& identity, core::Uuid id) {
  const core::Time now = identity.clock.now();
  const auto consume = [](pg::Tx& tx, core::Uuid& flow, core::Time& at) { return consume_flow(tx, flow, at); };
  co_return co_await identity.db.in(pg::as_service("a flow's id is its own proof"), consume, id, now);
}

Task<std::string> issue_code(pg::Tx& tx, const FlowState& flow, core::UserId user, const ProviderProfile& profile,
                             core::Time now) {
  const std::string code = core::Uuid::random().str();
  const std::string hash = core::hex(core::sha256(code));
  const std::string access = identity::encrypt_for_code(profile.access_token, code);
  const std::string refresh = identity::encrypt_for_code(profile.refresh_token, code);
  co_await tx.run(kIssue, flow.id, user, hash, access, refresh, now);
  co_return code;
}

std::string nonce_of(const identity::Identity& identity, const FlowState& flow) {
  return derived(identity, "nonce", flow);
}
std::string verifier_of(const identity::Identity& identity, const FlowState& flow) {
  return derived(identity, "verifier", flow);
}
std::string s256(std::string_view verifier) { return core::base64url(core::sha256(verifier)); }

}  // namespace oauth
