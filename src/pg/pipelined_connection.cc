#include "pg/pipelined_connection.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/log.h"

namespace pg::detail {

namespace {

constexpr const char* kSetupName = "tenon_setup";
const std::string kSetup =
    "select "
    "set_config('role',$1,true),set_config('request.jwt.claims',$2,true),set_config('statement_timeout',$3,true)";
const std::string kReadOnly = ",set_config('transaction_read_only','on',true)";
const std::string kShortLockWait = ",set_config('lock_timeout','1s',true)";  // not for the data API's reads
// With PostgREST's request settings. Read-only is always set, so that one statement serves both cases.
constexpr const char* kSettingsName = "tenon_settings";
constexpr const char* kSettings =
    "select "
    "set_config('role',$1,true),set_config('request.jwt.claims',$2,true),set_config('statement_timeout',$3,true),"
    "set_config('transaction_read_only',$4,true),set_config('search_path',$5,true),"
    "set_config('request.method',$6,true),set_config('request.path',$7,true),set_config('request.headers',$8,true),"
    "set_config('request.cookies',$9,true)";
// Also clears the response overrides: some function may have set them for the whole session.
constexpr const char* kSettingsAndResetName = "tenon_settings_reset";
const std::string kSettingsAndReset =
    std::string(kSettings) + ",set_config('response.headers','',true),set_config('response.status','',true)";
constexpr const char* kOverridesName = "tenon_overrides";
constexpr const char* kOverrides =
    "select current_setting('response.headers',true),current_setting('response.status',true)";
// The text format of values depends on these. Poolers track the first two by themselves.
constexpr const char* kSession =
    "select set_config('DateStyle','ISO, "
    "MDY',false),set_config('TimeZone','UTC',false),set_config('bytea_output','hex',false)";
// Lets the server detect a vanished client during a statement. Servers without the setting return an error, ignored.
constexpr const char* kCheckClient = "select set_config('client_connection_check_interval','2s',false)";

bool send_plain(PGconn* conn, const char* sql) {
  return PQsendQueryParams(conn, sql, 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
}

std::shared_ptr<const PGresult> next_result(PGconn* conn) {
  PGresult* result = PQgetResult(conn);
  if (result == nullptr) return nullptr;
  return {result, [](const PGresult* r) { PQclear(const_cast<PGresult*>(r)); }};
}

bool opens_transaction(const PGresult* result) {
  const std::string_view tag = PQcmdStatus(const_cast<PGresult*>(result));
  return tag == "BEGIN" || tag.starts_with("START");
}

struct Values {
  explicit Values(const Params& params) {
    pointers.reserve(params.size());
    for (const Param& param : params) pointers.push_back(param.null ? nullptr : param.text.c_str());
  }
  int count() const { return static_cast<int>(pointers.size()); }
  std::vector<const char*> pointers;
};

}  // namespace

std::string_view sqlstate(const PGresult* result) {
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state == nullptr ? std::string_view{} : std::string_view{state};
}

Role role_of(const As& who) {
  if (who.role() == "anon") return Role::anon;
  return who.role() == "authenticated" ? Role::authenticated : Role::service;
}

milliseconds statement_timeout(Role role) {
  switch (role) {
    case Role::anon: return milliseconds{3000};
    case Role::authenticated: return milliseconds{8000};
    case Role::service: break;
  }
  return milliseconds{30000};
}

PipelinedConnection::PipelinedConnection(core::Loop& loop, core::BlockingPool& helper, Owner& owner, Use use,
                                         const Config& config)
    : connection_(std::make_shared<PgConnection>(loop, helper)),
      owner_(&owner),
      use_(use),
      prepared_(config.prepared),
      setup_(config.short_lock_waits ? kSetup + kShortLockWait : kSetup),
      settings_and_reset_(config.short_lock_waits ? kSettingsAndReset + kShortLockWait : kSettingsAndReset) {}

PipelinedConnection::~PipelinedConnection() { connection_->close(); }

void PipelinedConnection::connect(const core::Secret& url, PgConnection::Done done) {
  const std::weak_ptr<PipelinedConnection> weak = weak_from_this();
  connection_->connect(url, kConnect, [weak, done = std::move(done)](Connect outcome, const std::string& why) {
    const auto self = weak.lock();
    if (!self) return;
    if (outcome == Connect::up) self->set_up();
    done(outcome, why);
  });
}

void PipelinedConnection::set_up() {
  PGconn* const conn = connection_->conn();
  PQenterPipelineMode(conn);
  up_ = true;
  last_received_ = std::chrono::steady_clock::now();
  for (const char* sql : {kSession, kCheckClient}) {
    send_plain(conn, sql);
    end_housekeeping(Step::execute);
  }
  if (prepared_) {
    for (const auto& [name, sql] :
         {std::pair(kSetupName, setup_.c_str()), std::pair(kSettingsName, kSettings),
          std::pair(kSettingsAndResetName, settings_and_reset_.c_str()), std::pair(kOverridesName, kOverrides)}) {
      PQsendPrepare(conn, name, sql, 0, nullptr);
      end_housekeeping(Step::prepare);
    }
  }
  const std::weak_ptr<PipelinedConnection> weak = weak_from_this();
  connection_->watch([weak](bool alive) {
    const auto self = weak.lock();
    if (!self) return;
    self->last_received_ = std::chrono::steady_clock::now();
    self->drain();
    if (!alive && self->up_) self->drop(reason(self->connection_->conn()));
    if (self->owner_ != nullptr) self->owner_->settled();
  });
  connection_->flush();
}

// Ends a command whose result is read and dropped.
void PipelinedConnection::end_housekeeping(Step step) {
  PQpipelineSync(connection_->conn());
  Pending pending;
  pending.steps = {step, Step::sync};
  pending.count = 2;
  pending.started = std::chrono::steady_clock::now();
  in_flight_.push_back(pending);
}

bool PipelinedConnection::send_setup(const PipelineRequest& request) {
  const auto of_role = statement_timeout(role_of(*request.who)).count();
  const int own = request.settings == nullptr ? 0 : request.settings->timeout_ms;
  const std::string timeout = std::to_string(own > 0 ? std::min<decltype(of_role)>(own, of_role) : of_role);
  const std::array values{request.who->role().c_str(), request.who->claims().c_str(), timeout.c_str()};
  PGconn* const conn = connection_->conn();
  if (request.settings != nullptr) return send_request_settings(request, timeout);
  if (request.read_only)
    return PQsendQueryParams(conn, (setup_ + kReadOnly).c_str(), 3, nullptr, values.data(), nullptr, nullptr, 0) == 1;
  if (!prepared_) return PQsendQueryParams(conn, setup_.c_str(), 3, nullptr, values.data(), nullptr, nullptr, 0) == 1;
  return PQsendQueryPrepared(conn, kSetupName, 3, values.data(), nullptr, nullptr, 0) == 1;
}

bool PipelinedConnection::send_request_settings(const PipelineRequest& request, const std::string& timeout) {
  const RequestSettings& settings = *request.settings;
  const char* const read_only = settings.read_only || request.read_only ? "on" : "off";
  const std::array values{
      request.who->role().c_str(),  request.who->claims().c_str(), timeout.c_str(),       read_only,
      settings.search_path.c_str(), settings.method.c_str(),       settings.path.c_str(), settings.headers.c_str(),
      settings.cookies.c_str()};
  const int count = static_cast<int>(values.size());
  const bool resets = settings.overrides != nullptr;
  PGconn* const conn = connection_->conn();
  if (!prepared_) {
    const char* const sql = resets ? settings_and_reset_.c_str() : kSettings;
    return PQsendQueryParams(conn, sql, count, nullptr, values.data(), nullptr, nullptr, 0) == 1;
  }
  const char* const name = resets ? kSettingsAndResetName : kSettingsName;
  return PQsendQueryPrepared(conn, name, count, values.data(), nullptr, nullptr, 0) == 1;
}

bool PipelinedConnection::send_overrides_query() {
  if (!prepared_) return send_plain(connection_->conn(), kOverrides);
  return PQsendQueryPrepared(connection_->conn(), kOverridesName, 0, nullptr, nullptr, nullptr, 0) == 1;
}

bool PipelinedConnection::send_statement(PipelineRequest& request, Pending& pending) {
  PGconn* const conn = connection_->conn();
  const auto add = [&pending](Step step) { pending.steps[pending.count++] = step; };
  if (request.describe) {
    add(Step::prepare);
    add(Step::describe);
    return PQsendPrepare(conn, "", std::string(request.text).c_str(), 0, nullptr) == 1 &&
           PQsendDescribePrepared(conn, "") == 1;
  }
  const Values values(*request.params);
  if (!request.prepared || !prepared_) {
    add(Step::execute);
    return PQsendQueryParams(conn, std::string(request.text).c_str(), values.count(), nullptr, values.pointers.data(),
                             nullptr, nullptr, 0) == 1;
  }
  Statements& statements = statements_of(request.role);
  auto found = statements.find(request.text);
  if (found == statements.end()) {
    add(Step::prepare);
    Prepared fresh{++counter_, 0, fmt::format("tenon_{}_{}", static_cast<int>(request.role), counter_)};
    found = statements.emplace(request.text, std::move(fresh)).first;
    pending.prepares = true;
    if (PQsendPrepare(conn, found->second.name.c_str(), found->first.c_str(), 0, nullptr) != 1) return false;
  }
  found->second.used = ++counter_;
  pending.statement = found->second.number;
  add(Step::execute);
  return PQsendQueryPrepared(conn, found->second.name.c_str(), values.count(), values.pointers.data(), nullptr, nullptr,
                             0) == 1;
}

void PipelinedConnection::send(PipelineRequest& request) {
  if (Statements& known = statements_of(request.role); known.size() > kStatements) forget_oldest(known);
  PGconn* const conn = connection_->conn();
  Pending pending;
  pending.request = &request;
  pending.started = request.sent = std::chrono::steady_clock::now();
  request.outcome = Outcome::lost;  // until the result arrives
  bool ok = true;
  if (request.begins != nullptr) {
    ok = send_plain(conn, "begin");
    pending.steps[pending.count++] = Step::begin;
  }
  if (ok && request.who != nullptr) {
    ok = send_setup(request);
    pending.steps[pending.count++] = Step::setup;
  }
  if (ok && !request.text.empty()) ok = send_statement(request, pending);
  if (ok && request.settings != nullptr && request.settings->overrides != nullptr) {
    ok = send_overrides_query();
    pending.steps[pending.count++] = Step::overrides;
  }
  ok = ok && PQpipelineSync(conn) == 1;
  pending.steps[pending.count++] = Step::sync;
  in_flight_.push_back(pending);
  if (!ok) return drop(reason(conn));
  connection_->flush();
}

void PipelinedConnection::forget_oldest(Statements& of) {
  const auto oldest = std::ranges::min_element(of, {}, [](const auto& entry) { return entry.second.used; });
  send_plain(connection_->conn(), ("deallocate " + oldest->second.name).c_str());
  of.erase(oldest);
  end_housekeeping(Step::execute);
}

void PipelinedConnection::drain() {
  PGconn* const conn = connection_->conn();
  while (up_ && !in_flight_.empty() && PQisBusy(conn) == 0) {
    if (!accept(next_result(conn))) return;
  }
  if (!up_ || !in_flight_.empty()) return;
  PQisBusy(conn);  // nothing is under way, but the server may have sent a notice or closed the connection
  if (PQstatus(conn) == CONNECTION_BAD) drop(reason(conn));
  else if (use_ == Use::shared && PQtransactionStatus(conn) != PQTRANS_IDLE)
    drop("a request left its transaction open");
}

// False when the connection was dropped.
bool PipelinedConnection::accept(std::shared_ptr<const PGresult> result) {
  Pending& pending = in_flight_.front();
  const Step step = pending.steps[pending.at];
  if (!result) {
    if (step == Step::sync && std::exchange(pending.got_null, true)) {
      drop("results out of order");
      return false;
    }
    if (step != Step::sync) ++pending.at;
    if (pending.steps[pending.at] == Step::execute) read_rows_singly();
    return true;
  }
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_PIPELINE_SYNC) {
    if (step != Step::sync) {
      drop("results out of order");
      return false;
    }
    return finish_first();
  }
  if (status == PGRES_FATAL_ERROR && sqlstate(result.get()).empty() &&
      PQstatus(connection_->conn()) == CONNECTION_BAD) {
    drop(reason(connection_->conn()));
    return false;
  }
  if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
    drop("COPY is not supported");
    return false;
  }
  if (step == Step::execute && use_ == Use::shared && opens_transaction(result.get())) {
    drop("a request opened a transaction");
    return false;
  }
  take(pending, std::move(result));
  return true;
}

void PipelinedConnection::take(Pending& pending, std::shared_ptr<const PGresult> result) {
  const Step step = pending.steps[pending.at];
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
    pending.got_null = false;
    const std::string_view state = sqlstate(result.get());
    // An unknown prepared statement, or one whose plan is stale, is prepared again next time.
    if (pending.request != nullptr && (state == "26000" || state == "0A000"))
      forget(*pending.request, pending.statement);
    if (std::exchange(pending.failed, true)) return;
    if (pending.request != nullptr) pending.request->result = std::move(result);
    return;
  }
  if (status == PGRES_PIPELINE_ABORTED) return;
  if (step == Step::prepare && status == PGRES_COMMAND_OK) pending.prepares = false;
  if (pending.request == nullptr || pending.failed) return;
  if (status == PGRES_SINGLE_TUPLE) return take_row(*pending.request, result.get());
  const bool has_rows = step == Step::execute && pending.request->result != nullptr;  // taken one by one
  const bool wanted = (step == Step::describe || step == Step::execute) && !has_rows;
  if (wanted) pending.request->result = std::move(result);
  if (step == Step::overrides) pending.request->overrides = std::move(result);
}

// libpq would gather a whole result, however large. Must be called when the command before has ended.
void PipelinedConnection::read_rows_singly() {
  const PipelineRequest* const request = in_flight_.front().request;
  if (request != nullptr && request->most_bytes > 0) PQsetSingleRowMode(connection_->conn());
}

// Adds the row to the result, until that is too large: then the statement is cancelled, and what still comes is
// dropped.
void PipelinedConnection::take_row(PipelineRequest& request, const PGresult* row) {
  if (request.too_large) return;
  if (!request.result) request.result = std::shared_ptr<PGresult>(PQcopyResult(row, PG_COPYRES_ATTRS), PQclear);
  auto* const all = const_cast<PGresult*>(request.result.get());
  const int at = PQntuples(all);
  bool added = all != nullptr;
  for (int i = 0; added && i < PQnfields(row); ++i) {
    const bool null = PQgetisnull(row, 0, i) != 0;
    added = PQsetvalue(all, at, i, null ? nullptr : PQgetvalue(row, 0, i), null ? -1 : PQgetlength(row, 0, i)) != 0;
  }
  if (added && PQresultMemorySize(all) <= request.most_bytes) return;
  request.too_large = true;
  request.result.reset();
  if (request.cancellable) cancel_first();
}

bool PipelinedConnection::finish_first() {
  const Pending pending = in_flight_.front();
  in_flight_.pop_front();
  if (pending.prepares && pending.request != nullptr) forget(*pending.request, pending.statement);
  const auto now = std::chrono::steady_clock::now();
  if (in_flight_.empty()) stalled_ = false;
  else in_flight_.front().started = now;
  if (pending.request == nullptr) return true;
  PipelineRequest& request = *pending.request;
  request.outcome = pending.failed ? Outcome::error : Outcome::ok;
  request.cancel_nearby = now - last_cancel_ < milliseconds{5000};
  if (owner_ != nullptr) owner_->finished(request);
  return true;
}

void PipelinedConnection::forget(const PipelineRequest& request, std::uint64_t statement) {
  Statements& statements = statements_of(request.role);
  const auto found = statements.find(request.text);
  if (found != statements.end() && found->second.number == statement) statements.erase(found);
}

bool PipelinedConnection::carries_others() const {
  if (in_flight_.empty() || !in_flight_.front().request) return false;
  const Caller* const caller = in_flight_.front().request->caller;
  return std::ranges::any_of(
      in_flight_, [caller](const Pending& one) { return one.request != nullptr && one.request->caller != caller; });
}

milliseconds PipelinedConnection::first_age(Instant now) const {
  if (in_flight_.empty()) return milliseconds{0};
  return std::chrono::duration_cast<milliseconds>(now - in_flight_.front().started);
}

bool PipelinedConnection::is_stalled(Instant now) {
  stalled_ = stalled_ || first_age(now) > kStalled;
  return stalled_;
}

void PipelinedConnection::cancel_first() {
  last_cancel_ = std::chrono::steady_clock::now();
  connection_->cancel();
}

void PipelinedConnection::drop(std::string why) {  // by value: the source of the text is destroyed with the connection
  if (!std::exchange(up_, false)) return;
  const auto self = shared_from_this();
  connection_->close();
  for (const Pending& pending : std::exchange(in_flight_, {})) {
    if (pending.request == nullptr || owner_ == nullptr) continue;
    pending.request->outcome = Outcome::lost;
    owner_->finished(*pending.request);
  }
  if (owner_ != nullptr) owner_->went_down(*this, why);
}

}  // namespace pg::detail
