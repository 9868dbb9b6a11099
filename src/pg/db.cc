#include <array>

#include "core/json.h"
#include "pg/checkout.h"

namespace pg {

namespace {
constexpr Sql kCommit{"pg.commit", "commit"};
constexpr Sql kRollback{"pg.rollback", "rollback"};
constexpr Sql kPing{"pg.ping", "select 1"};
}  // namespace

As as(core::UserId user) {
  core::JsonWriter claims;
  claims.begin().field("sub", user).field("role", "authenticated").end();
  return As("authenticated", claims.take());
}

As as_claims(std::string_view role, std::string claims) {
  for (const std::string_view known : {"anon", "authenticated", "service_role"})
    if (role == known) return As(std::string(role), std::move(claims));
  throw std::invalid_argument("unknown role in a token");
}

As as_service(const char*) { return As("service_role", R"({"role":"service_role"})"); }

Config Config::from(core::Env& env) {
  Config config;
  config.url = env.secret("DATABASE_URL");
  config.direct_url = env.secret("DATABASE_DIRECT_URL");
  if (!config.url) env.fault("DATABASE_URL is missing.");
  else if (!detail::is_readable_url(config.url))
    env.fault("DATABASE_URL is neither a postgresql:// URL nor a list of key=value.");
  if (!config.direct_url) config.direct_url = config.url;
  else if (!detail::is_readable_url(config.direct_url))
    env.fault("DATABASE_DIRECT_URL is neither a postgresql:// URL nor a list of key=value.");
  config.prepared = env.flag("PG_PREPARED", true);
  config.shared_pipelines = static_cast<int>(env.integer("PG_PIPELINES", 1, 1, 16));
  config.checkout_connections = static_cast<int>(env.integer("PG_CHECKOUTS", 4, 1, 64));
  return config;
}

Db::Db(core::Loop& loop, Config config) : pool_(std::make_shared<detail::ConnectionPool>(loop, std::move(config))) {
  loop.post([weak = std::weak_ptr(pool_)] {
    if (const auto pool = weak.lock()) pool->start();
  });
}

Db::~Db() = default;

Task<bool> Db::ping() {
  const Params none;
  detail::PipelineRequest request;
  request.text = kPing.text;
  request.params = &none;
  request.deadline = std::min(pool_->deadline(), std::chrono::steady_clock::now() + std::chrono::milliseconds{2000});
  request.cancellable = false;
  co_await pool_->run(request);
  co_return request.outcome == detail::Outcome::ok;
}

Task<> Db::close() {
  const std::shared_ptr<detail::ConnectionPool> pool = pool_;
  co_await pool->close();
}

void Db::CheckoutDeleter::operator()(detail::Checkout* checkout) const {
  checkout->pool.check_in(std::move(checkout->connection), checkout->caller, !checkout->open);
  delete checkout;
}

Task<Db::CheckoutPtr> Db::begin(const As& who) {
  detail::ConnectionPool::CheckedOut out = co_await pool_->checkout(pool_->deadline());
  co_return CheckoutPtr(new detail::Checkout(*pool_, who, std::move(out)));
}

Task<> Db::commit(detail::Checkout& checkout) {
  if (!checkout.open) co_return;
  co_await detail::finish(checkout, kCommit);
}

// Never throws: a connection that cannot roll back is dropped, which makes the server roll back.
Task<> Db::rollback(detail::Checkout& checkout) {
  if (!checkout.open || !checkout.connection->is_up()) co_return;
  try {
    co_await detail::finish(checkout, kRollback);
  } catch (const std::exception&) {
    checkout.connection->drop("a rollback failed");
  }
}

bool Db::is_retryable(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    // A conflict, or a stale prepared statement, which the next attempt prepares again.
    return error.sqlstate == "40001" || error.sqlstate == "40P01" || error.sqlstate == "26000";
  } catch (...) {
    return false;
  }
}

}  // namespace pg
