#include <array>

#include "core/json.h"
#include "pg/lease.h"

namespace pg {

namespace {
constexpr Sql kCommit{"pg.commit", "commit"};
constexpr Sql kRollback{"pg.rollback", "rollback"};
constexpr Sql kAnswers{"pg.answers", "select 1"};
}  // namespace

As as(core::UserId user) {
  core::JsonWriter claims;
  claims.begin().field("sub", user).field("role", "authenticated").end();
  return As("authenticated", claims.take());
}

As as_claims(std::string_view role, std::string claims) {
  for (const std::string_view known : {"anon", "authenticated", "service_role"})
    if (role == known) return As(std::string(role), std::move(claims));
  throw std::invalid_argument("not a role of a token");
}

As as_service(const char*) { return As("service_role", R"({"role":"service_role"})"); }

Config Config::from(core::Env& env) {
  Config config;
  config.url = env.secret("DATABASE_URL");
  config.direct_url = env.secret("DATABASE_DIRECT_URL");
  if (!config.url) env.fault("DATABASE_URL is missing.");
  else if (!detail::is_readable_url(config.url))
    env.fault("DATABASE_URL is no postgresql:// URL and no list of key=value.");
  if (!config.direct_url) config.direct_url = config.url;
  else if (!detail::is_readable_url(config.direct_url))
    env.fault("DATABASE_DIRECT_URL is no postgresql:// URL and no list of key=value.");
  config.prepared = env.flag("PG_PREPARED", true);
  config.shared_pipelines = static_cast<int>(env.integer("PG_PIPELINES", 1, 1, 16));
  config.leased_connections = static_cast<int>(env.integer("PG_LEASED", 4, 1, 64));
  return config;
}

Db::Db(core::Loop& loop, Config config) : engine_(std::make_shared<detail::Engine>(loop, std::move(config))) {
  loop.post([weak = std::weak_ptr(engine_)] {
    if (const auto engine = weak.lock()) engine->start();
  });
}

Db::~Db() = default;

Task<bool> Db::answers() {
  const Params none;
  detail::Unit unit;
  unit.text = kAnswers.text;
  unit.params = &none;
  unit.deadline = std::min(engine_->deadline(), std::chrono::steady_clock::now() + std::chrono::milliseconds{2000});
  unit.cancellable = false;
  co_await engine_->run(unit);
  co_return unit.outcome == detail::Outcome::ok;
}

Task<> Db::close() {
  const std::shared_ptr<detail::Engine> engine = engine_;
  co_await engine->close();
}

void Db::LeaseDeleter::operator()(detail::Lease* lease) const {
  lease->engine.give_back(std::move(lease->pipe), !lease->open);
  delete lease;
}

Task<Db::LeasePtr> Db::begin(const As& who) {
  std::shared_ptr<detail::Pipe> pipe = co_await engine_->lease(engine_->deadline());
  co_return LeasePtr(new detail::Lease(*engine_, who, std::move(pipe)));
}

Task<> Db::commit(detail::Lease& lease) {
  if (!lease.open) co_return;
  co_await detail::finish(lease, kCommit);
}

// Never throws: a connection that cannot roll back is dropped, and the server rolls back by itself.
Task<> Db::rollback(detail::Lease& lease) {
  if (!lease.open || !lease.pipe->is_up()) co_return;
  try {
    co_await detail::finish(lease, kRollback);
  } catch (const std::exception&) {
    lease.pipe->drop("a rollback failed");
  }
}

bool Db::is_retryable(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    // Concurrency; or a prepared statement that no longer fits its table, which the next attempt prepares anew.
    return error.sqlstate == "40001" || error.sqlstate == "40P01" || error.sqlstate == "26000";
  } catch (...) {
    return false;
  }
}

}  // namespace pg
