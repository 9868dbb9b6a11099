// The two kinds of transaction and the queries that both offer.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/task.h"
#include "pg/as.h"
#include "pg/row.h"

namespace pg {

using core::Task;

namespace detail {
struct ConnectionPool;  // the connections of one loop
struct Checkout;        // one connection taken out of the pool for a transaction
}  // namespace detail

// A statement with its name (module.noun_verb, unique) for logs, prepared statements and type errors.
struct Sql {
  std::string_view name;
  std::string_view text;
};

// Encodes arguments and decodes rows. `Self` supplies Task<Rows> query(const Sql&, Params, Columns).
template <class Self>
class Queries {
 public:
  // Exactly one row, else std::logic_error.
  template <class R, class... A>
  Task<R> one(const Sql& sql, const A&... args) {
    return detail::one_of<R>(self().query(sql, encode_all(args...), columns_of<R>()));
  }
  // At most one row.
  template <class R, class... A>
  Task<std::optional<R>> maybe(const Sql& sql, const A&... args) {
    return detail::maybe_of<R>(self().query(sql, encode_all(args...), columns_of<R>()));
  }
  template <class R, class... A>
  Task<std::vector<R>> many(const Sql& sql, const A&... args) {
    return detail::many_of<R>(self().query(sql, encode_all(args...), columns_of<R>()));
  }
  // The number of rows affected.
  template <class... A>
  Task<std::int64_t> run(const Sql& sql, const A&... args) {
    return detail::affected_of(self().query(sql, encode_all(args...), {}));
  }
  // For statements built at run time. Their name and text must outlive the Task.
  Task<Rows> rows(const Sql& sql, Params params) { return self().query(sql, std::move(params), {}); }

 private:
  Self& self() { return static_cast<Self&>(*this); }
};

// One open transaction of several trips on a connection of its own.
class Tx : public Queries<Tx> {
 public:
  explicit Tx(detail::Checkout& checkout) : checkout_(&checkout) {}
  Tx(const Tx&) = delete;
  Tx& operator=(const Tx&) = delete;

 private:
  friend class Queries<Tx>;
  Task<Rows> query(const Sql& sql, Params params, Columns columns);
  detail::Checkout* checkout_;
};

// One statement in one trip: role, claims, timeout, statement and Sync in one write on a shared pipeline.
class ImplicitTransaction : public Queries<ImplicitTransaction> {
 public:
  ImplicitTransaction(detail::ConnectionPool& pool, As who) : pool_(&pool), who_(std::move(who)) {}
  using Queries::rows;
  // With the settings of an HTTP request. `settings` must outlive the Task.
  Task<Rows> rows(const Sql& sql, Params params, const RequestSettings& settings);

 private:
  friend class Queries<ImplicitTransaction>;
  // The Task owns all it needs: it may outlive this temporary.
  Task<Rows> query(const Sql& sql, Params params, Columns columns) const;
  detail::ConnectionPool* pool_;
  As who_;
};

}  // namespace pg
