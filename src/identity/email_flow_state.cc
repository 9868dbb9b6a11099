#include "identity/email_flow_state.h"

#include "core/crypto.h"

namespace identity {
namespace {

constexpr auto kCodeLifetime = std::chrono::minutes(5);
constexpr auto kKept = std::chrono::hours(24);

constexpr pg::Sql kForget{"identity.mail_flow_forget", R"sql(
  delete from auth.flow_state where id in (
    select id from auth.flow_state where created_at < $1 order by created_at limit 20 for update skip locked)
)sql"};

constexpr pg::Sql kPut{"identity.mail_flow_put", R"sql(
  insert into auth.flow_state (id, user_id, provider_type, authentication_method, code_challenge_method, code_challenge,
                               created_at, updated_at)
  values (gen_random_uuid(), $1, 'email', $2, $3::auth.code_challenge_method, $4, $5, $5)
)sql"};

constexpr pg::Sql kIssue{"identity.mail_flow_issue_code", R"sql(
  update auth.flow_state set auth_code = $3, auth_code_issued_at = $4, updated_at = $4
  where id = (select id from auth.flow_state
              where user_id = $1 and authentication_method = $2 and auth_code is null and created_at > $5
              order by created_at desc limit 1)
)sql"};

struct Row {
  core::Uuid id;
  std::optional<core::UserId> user;
  std::string method;
  std::string challenge_method;
  std::string challenge;
  core::Time issued;
  std::string access;
  std::string refresh;
};
constexpr pg::Sql kFind{"identity.code_find", R"sql(
  select id, user_id, authentication_method, coalesce(code_challenge_method::text, ''), coalesce(code_challenge, ''),
         coalesce(auth_code_issued_at, created_at, '1970-01-01'), coalesce(provider_access_token, ''),
         coalesce(provider_refresh_token, '')
  from auth.flow_state where auth_code = $1 for update
)sql"};

constexpr pg::Sql kUsed{"identity.code_used", R"sql(
  delete from auth.flow_state where id = $1
)sql"};

}  // namespace

Task<> store_email_flow(pg::Tx& tx, core::UserId user, std::string_view method, const Challenge& challenge,
                        core::Time now) {
  const core::Time oldest = now - kKept;
  co_await tx.run(kForget, oldest);
  const std::string amr(method);
  co_await tx.run(kPut, user, amr, challenge.method, challenge.value, now);
}

Task<std::string> issue_email_flow_code(pg::Tx& tx, core::UserId user, std::string_view method, core::Time now) {
  const std::string code = core::Uuid::random().str();
  const std::string hash = core::hex(core::sha256(code));
  const std::string amr(method);
  const core::Time oldest = now - kKept;
  const std::int64_t issued = co_await tx.run(kIssue, user, amr, hash, now, oldest);
  co_return issued == 1 ? code : std::string();
}

Task<std::variant<AuthCodeOwner, AuthCodeFault>> consume_auth_code(pg::Tx& tx, std::string_view code,
                                                                   std::string_view verifier, core::Time now) {
  const std::string hash = core::hex(core::sha256(code));
  const auto row = co_await tx.maybe<Row>(kFind, hash);
  if (!row || !row->user) co_return AuthCodeFault::unknown;
  if (now - row->issued > kCodeLifetime) co_return AuthCodeFault::expired;
  const Challenge challenge{row->challenge, row->challenge_method};
  if (!answers(challenge, verifier)) co_return AuthCodeFault::wrong_verifier;
  co_await tx.run(kUsed, row->id);
  co_return AuthCodeOwner{*row->user, row->method, row->access, row->refresh};
}

}  // namespace identity
