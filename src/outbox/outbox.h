// Transactional outbox. A side effect is a row, written in the transaction that causes it; the worker delivers it at
// least once, at the destination's rate, with retries, back-off and a bound on attempts.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/ids.h"
#include "core/json.h"
#include "core/loop.h"
#include "core/task.h"
#include "pg/listener.h"
#include "pg/pg.h"

namespace outbox {

using core::Task;

// Lanes, one per destination: mail, stripe, meta, webhook, storage, system. `payload` is a JSON object of ids and what
// delivery needs besides.
Task<> put(pg::Tx& tx, std::string_view lane, std::string_view kind, std::optional<core::UserId> user,
           std::string payload);

// Queues one email per (kind, entity): writes its email_log row and its outbox row in this transaction. The user's
// preferences decide about job_completed, job_failed and credits_low. `extra` is JSON with what rendering needs
// (mail/README.md). `to` overrides the user's address, e.g. with the new one of an address change.
Task<> queue_mail(pg::Tx& tx, core::UserId user, std::string_view kind, std::string_view entity, std::string extra,
                  std::string_view to = {});

struct Item {
  std::int64_t id = 0;
  std::string kind;
  std::optional<core::UserId> user;
  core::Json payload;
  int attempts = 0;  // before this one
};
enum class Outcome { done, retry, failed };
struct Delivery {
  Outcome outcome = Outcome::done;
  std::string error{};                               // for last_error; no secrets
  std::optional<std::chrono::seconds> after{};       // retry not before, e.g. Retry-After
  std::optional<std::chrono::milliseconds> pause{};  // the destination asks the whole lane to pause
  std::optional<double> per_second{};                // the rate that the destination allows
};
// An exception thrown by a handler counts as retry.
using DeliveryHandler = std::function<Task<Delivery>(const Item&)>;
// Called once when a row ends failed: by the handler's decision, after the last attempt, or because workers died on it.
using FailureHandler = std::function<Task<>(const Item&, const std::string& error)>;

// Attempts of one row, spread over about a day: 5 s, 25 s, 2 min, 10 min, 52 min, 4 h, 16 h, each with jitter.
inline constexpr int kMaxAttempts = 8;

// The delivery loop of one process.
class OutboxDispatcher {
 public:
  OutboxDispatcher(core::Loop& loop, pg::Db& db, pg::Listener& listener, std::string worker_id);
  ~OutboxDispatcher();
  // Serves a lane at a rate of `per_second` with bursts of `burst`. Called again, it replaces both.
  void lane(std::string name, double per_second, int burst);
  void on(std::string kind, DeliveryHandler deliver, FailureHandler on_failure = nullptr);
  // Claims in batches and delivers until the task's stop is requested, then finishes the deliveries under way.
  Task<> run();
  // Delivers until nothing is ready; returns how many rows ended, delivered or failed. For `tenon worker --once` and
  // tests. Throws pg::Unavailable when the database cannot be reached.
  Task<int> drain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace outbox
