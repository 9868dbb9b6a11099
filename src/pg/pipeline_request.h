// One request to the server: a single write that ends with one Sync. It lives in the coroutine that awaits it. Private
// to pg/.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <coroutine>
#include <memory>
#include <string_view>

#include "core/task_context.h"
#include "pg/pg.h"

namespace pg::detail {

using Instant = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

// Every limit of the client.
inline constexpr milliseconds kWaitForConnection{4000};  // so that a 503 is sent within 5 s
inline constexpr milliseconds kConnect{3000};            // one attempt
inline constexpr milliseconds kSilence{2000};            // nothing received: probe the server with a new connection
inline constexpr milliseconds kProbe{2200};              // timeout of that probe
inline constexpr milliseconds kGrace{2000};              // past statement_timeout, before the connection is dropped
inline constexpr milliseconds kStalled{50};              // age of the first request that stalls its pipeline
inline constexpr milliseconds kYieldAfter{2000};         // with all pipelines stalled, cancel the oldest request
inline constexpr milliseconds kTick{25};
inline constexpr milliseconds kCancelAgain{500};  // resend a cancel that had no effect
inline constexpr std::size_t kInFlight = 64;      // requests on one pipeline
inline constexpr std::size_t kWaiting = 4096;     // requests and checkouts queued for a connection
inline constexpr std::size_t kStatements = 256;   // prepared on one connection, per role

enum class Role : std::uint8_t { anon, authenticated, service };
Role role_of(const As& who);
milliseconds statement_timeout(Role role);  // anon 3 s, authenticated 8 s, service_role 30 s

struct Caller;  // callers.h

// A coroutine suspended on the pool.
struct Waiting {
  std::coroutine_handle<> coroutine;
  std::shared_ptr<core::TaskContext> context;
  Instant deadline{};  // for getting a connection
  bool done = false;
  Caller* caller = nullptr;  // whose share it takes; null on a checked-out connection
  bool over_share = false;   // refused since its caller's share is taken
};

enum class Outcome : std::uint8_t { ok, error, lost, unsent };

struct PipelineRequest : Waiting {
  // Sent in this order. An empty text sends no statement.
  const As* begins = nullptr;                 // `begin` first; the transaction stays open
  const As* who = nullptr;                    // set_config(role, claims, statement_timeout)
  const RequestSettings* settings = nullptr;  // sent together with `who`
  bool read_only = false;                     // the server rejects every write
  bool describe = false;                      // prepare and describe only
  bool prepared = false;                      // keep the statement prepared
  Role role = Role::anon;                     // whose prepared statements to use
  std::string_view text;
  const Params* params = nullptr;
  bool cancellable = true;  // when the stop of the task context is requested

  // The outcome. `result` is the statement's result, or the first error.
  Outcome outcome = Outcome::unsent;
  std::shared_ptr<const PGresult> result;
  std::shared_ptr<const PGresult> overrides;  // response.headers and response.status, if requested
  bool cancel_nearby = false;  // a cancel was sent on this connection: a 57014 may have been meant for another request
  bool cancel_sent = false;
  bool yielded = false;        // cancelled to make room for others; the caller may retry later
  bool parted = false;         // cancelled since others were behind it; it runs again by itself
  std::size_t most_bytes = 0;  // of the result; read row by row. 0: read whole
  bool too_large = false;      // more bytes came; the rows were dropped
  Instant sent{};              // when it was written to its connection
};

// Heterogeneous lookup by string_view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

std::string_view sqlstate(const PGresult* result);

}  // namespace pg::detail
