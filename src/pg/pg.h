// Long, since it is the whole way to Postgres on one page.
// CONTRACT. The one way to Postgres. Every statement says for whom it runs:
//   co_return co_await db.as(user).many<Project>(kList, user, limit);            one trip, one implicit transaction
//   co_await db.in(pg::as_service("Stripe acts for no user"), receive, event);   a transaction of several trips
// db.in commits when fn returns and rolls back when it throws; 40001 and 40P01 are retried up to three times, so fn
// may run again from its start. Bounds: statement_timeout by role (anon 3 s, authenticated 8 s, service 30 s),
// waiting for a connection 5 s, then Unavailable. Not thread-safe: a Db belongs to the loop that made it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/env.h"
#include "core/ids.h"
#include "core/loop.h"
#include "core/task.h"
#include "pg/error.h"
#include "pg/row.h"

namespace pg {

using core::Task;

// A statement with its name (module.noun_verb, unique) for logs, prepared statements and type errors.
struct Sql {
  std::string_view name;
  std::string_view text;
};

// For whom: a role and the claims that row-level security reads. Made only by the functions below.
class As {
 public:
  const std::string& role() const { return role_; }
  const std::string& claims() const { return claims_; }  // JSON, or empty

 private:
  As(std::string role, std::string claims) : role_(std::move(role)), claims_(std::move(claims)) {}
  friend As as(core::UserId user);
  friend As as_claims(std::string_view role, std::string claims);
  friend As as_service(const char* why);
  std::string role_;
  std::string claims_;
};
As as(core::UserId user);  // role authenticated, claims {"sub","role"}
// The wires: a verified token's own claims. Role anon, authenticated or service_role, else std::invalid_argument.
As as_claims(std::string_view role, std::string claims);
As as_service(const char* why);  // rare, named with a reason, never on a path that a user's input chooses

// What a statement said of its answer by the settings response.headers and response.status, as it wrote them.
struct ResponseOverrides {
  std::string headers, status;
};

// What SQL may read of the HTTP request it serves (PostgREST's settings request.method, …), and where it looks for
// names. Set for the one transaction, in the same write as role and claims.
struct RequestSettings {
  bool read_only = false;   // the server refuses every write with 25006
  std::string search_path;  // quoted identifiers, comma separated
  std::string method, path;
  std::string headers, cookies;       // JSON objects
  ResponseOverrides* said = nullptr;  // asked for and filled in the same trip
};

struct Config {
  core::Secret url;            // DATABASE_URL: the run-time login
  core::Secret direct_url;     // DATABASE_DIRECT_URL, else url: LISTEN, migrations, advisory locks
  bool prepared = true;        // PG_PREPARED=off behind poolers that cannot
  int shared_pipelines = 1;    // PG_PIPELINES, a loop
  int leased_connections = 4;  // PG_LEASED, a loop
  int spare_pipelines = 2;     // opened while a slow statement holds up all the others
  static Config from(core::Env& env);
};

namespace detail {
struct ConnectionPool;  // connections of one loop
struct Checkout;        // one connection in one transaction
}  // namespace detail

// One open transaction. one(): exactly one row, else std::logic_error; maybe(): at most one; run(): rows affected.
class Tx {
 public:
  explicit Tx(detail::Checkout& lease) : checkout_(&lease) {}
  Tx(const Tx&) = delete;
  Tx& operator=(const Tx&) = delete;

  template <class R, class... A>
  Task<R> one(const Sql& sql, const A&... args) {
    return detail::one_of<R>(query(sql, encode_all(args...), columns_of<R>()));
  }
  template <class R, class... A>
  Task<std::optional<R>> maybe(const Sql& sql, const A&... args) {
    return detail::maybe_of<R>(query(sql, encode_all(args...), columns_of<R>()));
  }
  template <class R, class... A>
  Task<std::vector<R>> many(const Sql& sql, const A&... args) {
    return detail::many_of<R>(query(sql, encode_all(args...), columns_of<R>()));
  }
  template <class... A>
  Task<std::int64_t> run(const Sql& sql, const A&... args) {
    return detail::affected_of(query(sql, encode_all(args...), {}));
  }
  // For statements built at run time. Their name and text must outlive the Task.
  Task<Rows> rows(const Sql& sql, Params params) { return query(sql, std::move(params), {}); }

 private:
  Task<Rows> query(const Sql& sql, Params params, Columns columns);
  detail::Checkout* checkout_;
};

// One statement as one trip: role, claims, timeout, statement and Sync in one write on a shared pipeline.
class ImplicitTransaction {
 public:
  ImplicitTransaction(detail::ConnectionPool& pool, As who) : pool_(&pool), who_(std::move(who)) {}
  template <class R, class... A>
  Task<R> one(const Sql& sql, const A&... args) {
    return detail::one_of<R>(query(sql, encode_all(args...), columns_of<R>()));
  }
  template <class R, class... A>
  Task<std::optional<R>> maybe(const Sql& sql, const A&... args) {
    return detail::maybe_of<R>(query(sql, encode_all(args...), columns_of<R>()));
  }
  template <class R, class... A>
  Task<std::vector<R>> many(const Sql& sql, const A&... args) {
    return detail::many_of<R>(query(sql, encode_all(args...), columns_of<R>()));
  }
  template <class... A>
  Task<std::int64_t> run(const Sql& sql, const A&... args) {
    return detail::affected_of(query(sql, encode_all(args...), {}));
  }
  // For statements built at run time. Their name and text must outlive the Task.
  Task<Rows> rows(const Sql& sql, Params params) { return query(sql, std::move(params), {}); }
  // The same with the settings of a request; `frame` must outlive the Task.
  Task<Rows> rows(const Sql& sql, Params params, const RequestSettings& frame);

 private:
  // The Task owns all it needs: it may outlive this temporary.
  Task<Rows> query(const Sql& sql, Params params, Columns columns) const;
  detail::ConnectionPool* pool_;
  As who_;
};

class Db {
 public:
  Db(core::Loop& loop, Config config);
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  ImplicitTransaction as(core::UserId user) { return ImplicitTransaction(*pool_, pg::as(user)); }
  ImplicitTransaction as(As who) { return ImplicitTransaction(*pool_, std::move(who)); }

  // fn is a function or captureless callable: Task<R> fn(Tx&, args...). Arguments are kept alive until it has ended.
  template <class Fn, class... A>
  auto in(As who, Fn fn, A... args) -> std::invoke_result_t<Fn, Tx&, A&...> {
    using R = typename std::invoke_result_t<Fn, Tx&, A&...>::value_type;
    for (int attempt = 0;; ++attempt) {
      auto lease = co_await begin(who);
      std::exception_ptr failure;
      try {
        Tx tx(*lease);
        if constexpr (std::is_void_v<R>) {
          co_await fn(tx, args...);
          co_await commit(*lease);
          co_return;
        } else {
          R result = co_await fn(tx, args...);
          co_await commit(*lease);
          co_return result;
        }
      } catch (...) {
        failure = std::current_exception();
      }
      co_await rollback(*lease);
      if (attempt >= 2 || !is_retryable(failure)) std::rethrow_exception(failure);
    }
  }

  // True when the database answered `select 1` within the deadline. For /readyz.
  Task<bool> answers();
  // Closes every connection once idle; queries that are under way finish first.
  Task<> close();

 private:
  struct CheckoutDeleter {
    void operator()(detail::Checkout* lease) const;
  };
  using CheckoutPtr = std::unique_ptr<detail::Checkout, CheckoutDeleter>;
  Task<CheckoutPtr> begin(const As& who);
  Task<> commit(detail::Checkout& lease);
  Task<> rollback(detail::Checkout& lease);
  static bool is_retryable(const std::exception_ptr& failure);
  std::shared_ptr<detail::ConnectionPool> pool_;
};

}  // namespace pg
