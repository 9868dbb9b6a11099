// `tenon keys …`: the keys of JWT_SECRET, rotation of signing keys, opaque API keys.
#include <fmt/core.h>

#include <functional>

#include "app/tools.h"
#include "core/loop.h"
#include "identity/api_keys.h"
#include "identity/signing_keys.h"

namespace app {

using core::Task;

namespace {

using Work = std::function<Task<int>(identity::Identity&)>;

Task<int> run_and_close(identity::Identity& identity, pg::Db& db, const Work& work) {
  std::exception_ptr failure;
  int status = 1;
  try {
    status = co_await work(identity);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await db.close();
  if (failure) std::rethrow_exception(failure);
  co_return status;
}

int with_identity(const Settings& settings, const Work& work) {
  core::Loop loop;
  core::SystemClock clock;
  core::BlockingPool pool(1, 4);
  pg::Db db(loop, settings.db);
  identity::Identity identity(loop, pool, db, clock, settings.identity);
  return loop.run_until(run_and_close(identity, db, work));
}

Task<int> rotate(identity::Identity& identity) {
  co_await identity::rotate_signing_keys(identity);
  const std::vector<identity::SigningKeyInfo> keys = co_await identity::signing_keys(identity);
  for (const auto& key : keys)
    fmt::print("{}  {}  {:<10}{}\n", key.kid, key.alg, key.state, core::rfc3339(key.created));
  fmt::print(
      "Every running process changes over within half a minute; tokens of the last key stay good until they end.\n");
  co_return 0;
}

Task<int> list(identity::Identity& identity) {
  const std::vector<identity::SigningKeyInfo> signing = co_await identity::signing_keys(identity);
  const std::vector<identity::ApiKeyInfo> opaque = co_await identity::api_keys(identity);
  for (const auto& key : signing)
    fmt::print("signing  {}  {:<12}{:<10}{}\n", key.kid, key.alg, key.state, core::rfc3339(key.created));
  for (const auto& key : opaque)
    fmt::print("api      {}  {:<12}{:<10}{}  {}…  {}\n", key.id, key.kind, key.revoked ? "revoked" : "good",
               core::rfc3339(key.created), key.prefix, key.name);
  co_return 0;
}

}  // namespace

int keys(const Settings& settings) {
  fmt::print("SUPABASE_ANON_KEY={}\nSUPABASE_SERVICE_ROLE_KEY={}\n",
             identity::make_api_key(settings.identity.jwt_secret.reveal(), "anon"),
             identity::make_api_key(settings.identity.jwt_secret.reveal(), "service_role"));
  return 0;
}

int keys_rotate(const Settings& settings) { return with_identity(settings, rotate); }
int keys_list(const Settings& settings) { return with_identity(settings, list); }

int keys_create(const Settings& settings, const CliOptions& tools) {
  if (tools.key_kind != "publishable" && tools.key_kind != "secret") {
    fmt::print(stderr, "tenon: a key is publishable or secret\n");
    return 2;
  }
  return with_identity(settings, [&tools](identity::Identity& identity) -> Task<int> {
    const auto kind = tools.key_kind == "secret" ? identity::ApiKeyKind::secret : identity::ApiKeyKind::publishable;
    const std::string key = co_await identity::create_api_key(identity, kind, tools.key_name);
    fmt::print("{}\n", key);
    co_return 0;
  });
}

int keys_revoke(const Settings& settings, const CliOptions& tools) {
  return with_identity(settings, [&tools](identity::Identity& identity) -> Task<int> {
    const bool revoked = co_await identity::revoke_api_key(identity, tools.key_id);
    fmt::print("{}\n", revoked ? "revoked; every process knows within ten seconds" : "no such key, or revoked already");
    co_return revoked ? 0 : 1;
  });
}

}  // namespace app
