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
Task<> queue_mail(pg::Tx& tx, core::UserId user, std::string_view kind, std::string_view entity, std::string extra);

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
  std::string error;                         // for last_error, without secrets
  std::optional<std::chrono::seconds> after; // retry not before (Retry-After)
};
using Deliver = std::function<Task<Delivery>(const Item&)>;

// The delivery loop of one process. What a handler throws counts as retry.
class Courier {
 public:
  Courier(core::Loop& loop, pg::Db& db, pg::Listener& listener, std::string worker_id);
  ~Courier();
  // `per_second` is the lane's token bucket (rate toward that destination).
  void lane(std::string name, double per_second, int burst);
  void on(std::string kind, Deliver deliver);
  // Claims in batches and delivers until the ambient's stop is requested, then finishes what is under way.
  Task<> run();
  // Delivers until nothing is ready; returns how many were settled. For `tenon worker --once` and tests.
  Task<int> drain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace outbox
