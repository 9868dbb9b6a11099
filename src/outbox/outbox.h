// CONTRACT. Side effects leave as rows written in the transaction that caused them; the worker delivers them at least
// once, with a bucket per destination, retries with back-off and jitter, and a bound on attempts (db/README.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
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

// Lanes: mail, stripe, meta, webhook, storage, system. `payload` is a JSON object of ids, rendered when sent.
Task<> put(pg::Tx& tx, std::string_view lane, std::string_view kind, std::optional<core::UserId> user,
           std::string payload);

// One mail per (kind, entity): email_log row and outbox row in this transaction (tenon.queue_mail). Preferences are
// honoured for job_completed, job_failed and credits_low. `extra` is what rendering needs (links, names) as JSON.
// `to` names another address than the user's own (the new one of an address change).
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
  std::string error{};                               // for last_error, without secrets
  std::optional<std::chrono::seconds> after{};       // retry not before (Retry-After)
  std::optional<std::chrono::milliseconds> pause{};  // the whole lane rests: the destination asked for it
  std::optional<double> per_second{};                // the rate that the destination says it allows
};
using Deliver = std::function<Task<Delivery>(const Item&)>;
// Told once when a row ends failed, whether the handler said so, attempts ran out or workers died on it.
using GaveUp = std::function<Task<>(const Item&, const std::string& error)>;

// Attempts of one row, spread over about a day: 5 s, 25 s, 2 min, 10 min, 52 min, 4 h, 16 h, each with jitter.
inline constexpr int kMaxAttempts = 8;
// The wait after `attempts` tries have failed; `jitter` in [0, 1) spreads it from 80 % to 120 %.
std::chrono::seconds back_off(int attempts, double jitter);

// Tokens of one destination, refilled with time. Not more than `burst` are saved up.
class Bucket {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  Bucket(double per_second, int burst, Instant now) : rate_(per_second), burst_(burst), tokens_(burst), at_(now) {}
  int available(Instant now);                               // whole tokens that may be taken now
  void take(int tokens) { tokens_ -= tokens; }              // at most what was available
  void pause(std::chrono::milliseconds time, Instant now);  // nothing before now + time
  void refill_at(double per_second) { rate_ = per_second; }
  std::chrono::milliseconds until_next(Instant now);  // until one is available; 0 when one is

 private:
  double rate_;
  int burst_;
  double tokens_;
  Instant at_;
  Instant resting_until_{};
};

// The delivery loop of one process. What a handler throws counts as retry.
class OutboxDispatcher {
 public:
  OutboxDispatcher(core::Loop& loop, pg::Db& db, pg::Listener& listener, std::string worker_id);
  ~OutboxDispatcher();
  // A lane is claimed from once it is named. `per_second` is its token bucket (rate toward that destination). A lane
  // named twice keeps the last figures.
  void lane(std::string name, double per_second, int burst);
  void on(std::string kind, Deliver deliver, GaveUp gave_up = nullptr);
  // Claims in batches and delivers until the ambient's stop is requested, then finishes what is under way.
  Task<> run();
  // Delivers until nothing is ready; returns how many ended, delivered or failed. For `tenon worker --once` and tests.
  Task<int> drain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace outbox
