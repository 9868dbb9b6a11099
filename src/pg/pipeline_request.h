// A unit of work: what goes to the server in one write and ends with one Sync. It lives in the frame of the coroutine
// that awaits it. Private to pg/.
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

// Every bound of the client, in one place.
inline constexpr milliseconds kWaitForConnection{4000};  // so that 503 is out within 5 s
inline constexpr milliseconds kConnect{3000};            // one attempt
inline constexpr milliseconds kPatience{2000};           // without an answer: ask whether the server still lives
inline constexpr milliseconds kProbe{2200};              // and how long it may take to say so
inline constexpr milliseconds kGrace{2000};              // past a role's statement_timeout
inline constexpr milliseconds kStalled{50};              // a pipeline with an older first gets none until empty
inline constexpr milliseconds kGivesWay{2000};           // and gives way if nobody else can be served
inline constexpr milliseconds kTick{25};
inline constexpr milliseconds kCancelAgain{500};
inline constexpr std::size_t kInFlight = 64;     // units on one pipeline
inline constexpr std::size_t kWaiting = 4096;    // units and transactions without a connection
inline constexpr std::size_t kStatements = 256;  // prepared on one connection, of each role

enum class Role : std::uint8_t { anon, authenticated, service };
Role role_of(const As& who);
milliseconds statement_timeout(Role role);  // anon 3 s, authenticated 8 s, service_role 30 s

// Something that waits on the pool.
struct Waiting {
  std::coroutine_handle<> coroutine;
  std::shared_ptr<core::TaskContext> context;
  Instant deadline{};  // for a connection; none once it is under way
  bool done = false;
};

enum class Outcome : std::uint8_t { ok, error, lost, unsent };

struct PipelineRequest : Waiting {
  // What to send, in this order. An empty text sends no statement.
  const As* opens = nullptr;               // `begin` first, and the unit leaves the transaction open
  const As* who = nullptr;                 // set_config(role, claims, statement_timeout)
  const RequestSettings* frame = nullptr;  // and these settings with them
  bool read_only = false;                  // the server refuses every write
  bool describe = false;                   // prepare and describe, execute nothing
  bool prepared = false;                   // keep the statement prepared
  Role role = Role::anon;                  // whose prepared statement
  std::string_view text;
  const Params* params = nullptr;
  bool cancellable = true;  // by the ambient's stop

  // What came back. `answer` is the statement's result, or the error of whatever failed.
  Outcome outcome = Outcome::unsent;
  std::shared_ptr<const PGresult> answer;
  std::shared_ptr<const PGresult> said;  // the two settings, where the frame asks for them
  bool cancel_nearby = false;            // a cancel was sent on this connection: a 57014 may be meant for a neighbour
  bool cancel_sent = false;
  bool gave_way = false;  // that cancel made room for others: the unit may be asked again later
  Instant sent{};         // onto its connection; what counts is not when it came to be the first there
};

// Lets a table of texts be searched without copying the text.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

std::string_view sqlstate(const PGresult* result);

}  // namespace pg::detail
