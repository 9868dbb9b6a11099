#include "pg/pipelined_connection.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/log.h"

namespace pg::detail {

namespace {

constexpr const char* kSetupName = "tenon_setup";
constexpr const char* kSetup =
    "select "
    "set_config('role',$1,true),set_config('request.jwt.claims',$2,true),set_config('statement_timeout',$3,true)";
constexpr const char* kSetupReadOnly =
    "select "
    "set_config('role',$1,true),set_config('request.jwt.claims',$2,true),set_config('statement_timeout',$3,true),"
    "set_config('transaction_read_only','on',true)";
// PostgREST's settings as well. Read-only is set either way, so that one statement serves both.
constexpr const char* kFrameName = "tenon_frame";
constexpr const char* kFrame =
    "select "
    "set_config('role',$1,true),set_config('request.jwt.claims',$2,true),set_config('statement_timeout',$3,true),"
    "set_config('transaction_read_only',$4,true),set_config('search_path',$5,true),"
    "set_config('request.method',$6,true),set_config('request.path',$7,true),set_config('request.headers',$8,true),"
    "set_config('request.cookies',$9,true)";
// The same, and what a statement may say of its answer is empty before it: else a setting that some function made for
// the whole session would be said by everybody's next one.
constexpr const char* kFrameSayingName = "tenon_frame_saying";
const std::string kFrameSaying =
    std::string(kFrame) + ",set_config('response.headers','',true),set_config('response.status','',true)";
constexpr const char* kSaidName = "tenon_said";
constexpr const char* kSaid = "select current_setting('response.headers',true),current_setting('response.status',true)";
// What the text format of values depends on. Poolers follow the first two of themselves.
constexpr const char* kSession =
    "select set_config('DateStyle','ISO, "
    "MDY',false),set_config('TimeZone','UTC',false),set_config('bytea_output','hex',false)";
// The server notices a vanished client in the middle of a statement. Not every server knows it: its error is ignored.
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
                                         bool prepared)
    : connection_(std::make_shared<PgConnection>(loop, helper)), owner_(&owner), use_(use), prepared_(prepared) {}

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
  last_heard_ = std::chrono::steady_clock::now();
  for (const char* sql : {kSession, kCheckClient}) {
    send_plain(conn, sql);
    end_housekeeping(Step::execute);
  }
  if (prepared_) {
    for (const auto& [name, sql] : {std::pair(kSetupName, kSetup), std::pair(kFrameName, kFrame),
                                    std::pair(kFrameSayingName, kFrameSaying.c_str()), std::pair(kSaidName, kSaid)}) {
      PQsendPrepare(conn, name, sql, 0, nullptr);
      end_housekeeping(Step::prepare);
    }
  }
  const std::weak_ptr<PipelinedConnection> weak = weak_from_this();
  connection_->watch([weak](bool alive) {
    const auto self = weak.lock();
    if (!self) return;
    self->last_heard_ = std::chrono::steady_clock::now();
    self->drain();
    if (!alive && self->up_) self->drop(reason(self->connection_->conn()));
    if (self->owner_ != nullptr) self->owner_->settled();
  });
  connection_->flush();
}

// The command was sent; its answer is read and forgotten.
void PipelinedConnection::end_housekeeping(Step step) {
  PQpipelineSync(connection_->conn());
  Flight flight;
  flight.steps = {step, Step::sync};
  flight.count = 2;
  flight.started = std::chrono::steady_clock::now();
  flights_.push_back(flight);
}

bool PipelinedConnection::send_setup(const PipelineRequest& unit) {
  const std::string timeout = std::to_string(statement_timeout(role_of(*unit.who)).count());
  const std::array values{unit.who->role().c_str(), unit.who->claims().c_str(), timeout.c_str()};
  PGconn* const conn = connection_->conn();
  if (unit.frame != nullptr) return send_frame(unit, timeout);
  if (unit.read_only)
    return PQsendQueryParams(conn, kSetupReadOnly, 3, nullptr, values.data(), nullptr, nullptr, 0) == 1;
  if (!prepared_) return PQsendQueryParams(conn, kSetup, 3, nullptr, values.data(), nullptr, nullptr, 0) == 1;
  return PQsendQueryPrepared(conn, kSetupName, 3, values.data(), nullptr, nullptr, 0) == 1;
}

bool PipelinedConnection::send_frame(const PipelineRequest& unit, const std::string& timeout) {
  const RequestSettings& frame = *unit.frame;
  const char* const read_only = frame.read_only || unit.read_only ? "on" : "off";
  const std::array values{
      unit.who->role().c_str(),  unit.who->claims().c_str(), timeout.c_str(),    read_only,
      frame.search_path.c_str(), frame.method.c_str(),       frame.path.c_str(), frame.headers.c_str(),
      frame.cookies.c_str()};
  const int count = static_cast<int>(values.size());
  const bool says = frame.said != nullptr;
  PGconn* const conn = connection_->conn();
  if (!prepared_) {
    const char* const sql = says ? kFrameSaying.c_str() : kFrame;
    return PQsendQueryParams(conn, sql, count, nullptr, values.data(), nullptr, nullptr, 0) == 1;
  }
  const char* const name = says ? kFrameSayingName : kFrameName;
  return PQsendQueryPrepared(conn, name, count, values.data(), nullptr, nullptr, 0) == 1;
}

bool PipelinedConnection::send_said() {
  if (!prepared_) return send_plain(connection_->conn(), kSaid);
  return PQsendQueryPrepared(connection_->conn(), kSaidName, 0, nullptr, nullptr, nullptr, 0) == 1;
}

bool PipelinedConnection::send_statement(PipelineRequest& unit, Flight& flight) {
  PGconn* const conn = connection_->conn();
  const auto add = [&flight](Step step) { flight.steps[flight.count++] = step; };
  if (unit.describe) {
    add(Step::prepare);
    add(Step::describe);
    return PQsendPrepare(conn, "", std::string(unit.text).c_str(), 0, nullptr) == 1 &&
           PQsendDescribePrepared(conn, "") == 1;
  }
  const Values values(*unit.params);
  if (!unit.prepared || !prepared_) {
    add(Step::execute);
    return PQsendQueryParams(conn, std::string(unit.text).c_str(), values.count(), nullptr, values.pointers.data(),
                             nullptr, nullptr, 0) == 1;
  }
  Statements& statements = statements_of(unit.role);
  auto found = statements.find(unit.text);
  if (found == statements.end()) {
    add(Step::prepare);
    Prepared fresh{++counter_, 0, fmt::format("tenon_{}_{}", static_cast<int>(unit.role), counter_)};
    found = statements.emplace(unit.text, std::move(fresh)).first;
    flight.prepares = true;
    if (PQsendPrepare(conn, found->second.name.c_str(), found->first.c_str(), 0, nullptr) != 1) return false;
  }
  found->second.used = ++counter_;
  flight.statement = found->second.number;
  add(Step::execute);
  return PQsendQueryPrepared(conn, found->second.name.c_str(), values.count(), values.pointers.data(), nullptr, nullptr,
                             0) == 1;
}

void PipelinedConnection::send(PipelineRequest& unit) {
  if (Statements& known = statements_of(unit.role); known.size() > kStatements) forget_oldest(known);
  PGconn* const conn = connection_->conn();
  Flight flight;
  flight.unit = &unit;
  flight.started = unit.sent = std::chrono::steady_clock::now();
  unit.outcome = Outcome::lost;  // until the answer is here
  bool ok = true;
  if (unit.opens != nullptr) {
    ok = send_plain(conn, "begin");
    flight.steps[flight.count++] = Step::begin;
  }
  if (ok && unit.who != nullptr) {
    ok = send_setup(unit);
    flight.steps[flight.count++] = Step::setup;
  }
  if (ok && !unit.text.empty()) ok = send_statement(unit, flight);
  if (ok && unit.frame != nullptr && unit.frame->said != nullptr) {
    ok = send_said();
    flight.steps[flight.count++] = Step::said;
  }
  ok = ok && PQpipelineSync(conn) == 1;
  flight.steps[flight.count++] = Step::sync;
  flights_.push_back(flight);
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
  while (up_ && !flights_.empty() && PQisBusy(conn) == 0) {
    if (!accept(next_result(conn))) return;
  }
  if (!up_ || !flights_.empty()) return;
  PQisBusy(conn);  // nothing is under way, yet the server may speak: a notice, or its farewell
  if (PQstatus(conn) == CONNECTION_BAD) drop(reason(conn));
  else if (use_ == Use::shared && PQtransactionStatus(conn) != PQTRANS_IDLE) drop("a unit left its transaction open");
}

// False when the connection was dropped.
bool PipelinedConnection::accept(std::shared_ptr<const PGresult> result) {
  Flight& flight = flights_.front();
  const Step step = flight.steps[flight.at];
  if (!result) {
    if (step == Step::sync && std::exchange(flight.answered_null, true)) {
      drop("answers out of step");
      return false;
    }
    if (step != Step::sync) ++flight.at;
    return true;
  }
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_PIPELINE_SYNC) {
    if (step != Step::sync) {
      drop("answers out of step");
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
    drop("copy is not for a unit of work");
    return false;
  }
  if (step == Step::execute && use_ == Use::shared && opens_transaction(result.get())) {
    drop("a unit opened a transaction");
    return false;
  }
  take(flight, std::move(result));
  return true;
}

void PipelinedConnection::take(Flight& flight, std::shared_ptr<const PGresult> result) {
  const Step step = flight.steps[flight.at];
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
    flight.answered_null = false;
    const std::string_view state = sqlstate(result.get());
    // A statement that the server does not know, or whose plan no longer fits the table, is prepared anew next time.
    if (flight.unit != nullptr && (state == "26000" || state == "0A000")) forget(*flight.unit, flight.statement);
    if (std::exchange(flight.failed, true)) return;
    if (flight.unit != nullptr) flight.unit->answer = std::move(result);
    return;
  }
  if (status == PGRES_PIPELINE_ABORTED) return;
  if (step == Step::prepare && status == PGRES_COMMAND_OK) flight.prepares = false;
  const bool wanted = step == Step::describe || step == Step::execute;
  if (flight.unit == nullptr || flight.failed) return;
  if (wanted) flight.unit->answer = std::move(result);
  if (step == Step::said) flight.unit->said = std::move(result);
}

bool PipelinedConnection::finish_first() {
  const Flight flight = flights_.front();
  flights_.pop_front();
  if (flight.prepares && flight.unit != nullptr) forget(*flight.unit, flight.statement);
  const auto now = std::chrono::steady_clock::now();
  if (flights_.empty()) stalled_ = false;
  else flights_.front().started = now;
  if (flight.unit == nullptr) return true;
  PipelineRequest& unit = *flight.unit;
  unit.outcome = flight.failed ? Outcome::error : Outcome::ok;
  unit.cancel_nearby = now - last_cancel_ < milliseconds{5000};
  if (owner_ != nullptr) owner_->finished(unit);
  return true;
}

void PipelinedConnection::forget(const PipelineRequest& unit, std::uint64_t statement) {
  Statements& statements = statements_of(unit.role);
  const auto found = statements.find(unit.text);
  if (found != statements.end() && found->second.number == statement) statements.erase(found);
}

milliseconds PipelinedConnection::first_age(Instant now) const {
  if (flights_.empty()) return milliseconds{0};
  return std::chrono::duration_cast<milliseconds>(now - flights_.front().started);
}

bool PipelinedConnection::is_stalled(Instant now) {
  stalled_ = stalled_ || first_age(now) > kStalled;
  return stalled_;
}

void PipelinedConnection::cancel_first() {
  last_cancel_ = std::chrono::steady_clock::now();
  connection_->cancel();
}

void PipelinedConnection::drop(std::string why) {  // a copy: what it was read from goes with the connection
  if (!std::exchange(up_, false)) return;
  const auto self = shared_from_this();
  connection_->close();
  for (const Flight& flight : std::exchange(flights_, {})) {
    if (flight.unit == nullptr || owner_ == nullptr) continue;
    flight.unit->outcome = Outcome::lost;
    owner_->finished(*flight.unit);
  }
  if (owner_ != nullptr) owner_->went_down(*this, why);
}

}  // namespace pg::detail
