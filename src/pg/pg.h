// The Postgres client. Every statement names the identity it runs under:
//   co_return co_await db.as(user).many<Project>(kList, user, limit);            one trip, one implicit transaction
//   co_await db.in(pg::as_service("Stripe acts for no user"), receive, event);   a transaction of several trips
// db.in commits when fn returns and rolls back when it throws. It retries 40001 and 40P01 up to three times, so fn may
// run again from its start. Bounds: statement_timeout by role (anon 3 s, authenticated 8 s, service 30 s); 4 s to get a
// connection, then Unavailable. Not thread-safe: a Db belongs to the loop that made it.
#pragma once

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "core/loop.h"
#include "pg/as.h"
#include "pg/config.h"
#include "pg/error.h"
#include "pg/row.h"
#include "pg/transaction.h"

namespace pg {

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
      auto checkout = co_await begin(who);
      std::exception_ptr failure;
      try {
        Tx tx(*checkout);
        if constexpr (std::is_void_v<R>) {
          co_await fn(tx, args...);
          co_await commit(*checkout);
          co_return;
        } else {
          R result = co_await fn(tx, args...);
          co_await commit(*checkout);
          co_return result;
        }
      } catch (...) {
        failure = std::current_exception();
      }
      co_await rollback(*checkout);
      if (attempt >= 2 || !is_retryable(failure)) std::rethrow_exception(failure);
    }
  }

  // True when the database answers `select 1` within two seconds. For /readyz.
  Task<bool> ping();
  // Closes every connection once idle; queries under way finish first.
  Task<> close();

 private:
  struct CheckoutDeleter {
    void operator()(detail::Checkout* checkout) const;
  };
  using CheckoutPtr = std::unique_ptr<detail::Checkout, CheckoutDeleter>;
  Task<CheckoutPtr> begin(const As& who);
  Task<> commit(detail::Checkout& checkout);
  Task<> rollback(detail::Checkout& checkout);
  static bool is_retryable(const std::exception_ptr& failure);
  std::shared_ptr<detail::ConnectionPool> pool_;
};

}  // namespace pg
