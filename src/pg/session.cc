#include "pg/session.h"

#include <libpq-fe.h>
#include <poll.h>

#include <charconv>
#include <chrono>

#include "pg/pg_connection.h"

namespace pg {

namespace {

using Connection = std::unique_ptr<PGconn, decltype([](PGconn* conn) { PQfinish(conn); })>;
using QueryResult = std::unique_ptr<PGresult, decltype([](PGresult* result) { PQclear(result); })>;

Connection open(const core::Secret& url, std::chrono::milliseconds at_most) {
  using Clock = std::chrono::steady_clock;
  if (!detail::is_readable_url(url)) throw Unavailable("the database URL cannot be read");
  Connection conn(detail::start_connection(url));
  if (!conn) throw std::bad_alloc();
  const auto deadline = Clock::now() + at_most;
  auto status = PQstatus(conn.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (status != PGRES_POLLING_OK) {
    if (status == PGRES_POLLING_FAILED) throw Unavailable(detail::reason(conn.get()));
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waits{PQsocket(conn.get()), static_cast<short>(status == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    if (left.count() <= 0 || (::poll(&waits, 1, static_cast<int>(left.count())) == 0))
      throw Unavailable("the database did not answer in time");
    status = PQconnectPoll(conn.get());
  }
  return conn;
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

void expect_success(PGconn* conn, const QueryResult& result) {
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return;
  const std::string state = result ? field(result.get(), PG_DIAG_SQLSTATE) : "";
  if (PQstatus(conn) == CONNECTION_BAD || state.starts_with("57P")) throw Unavailable(detail::reason(conn));
  if (state.empty()) throw std::logic_error("pg.session: " + detail::reason(conn));
  std::string message = field(result.get(), PG_DIAG_MESSAGE_PRIMARY);
  if (const std::string at = field(result.get(), PG_DIAG_STATEMENT_POSITION); !at.empty())
    message += " (at character " + at + ")";
  throw Error("pg.session", state, message, field(result.get(), PG_DIAG_MESSAGE_DETAIL),
              field(result.get(), PG_DIAG_MESSAGE_HINT), field(result.get(), PG_DIAG_CONSTRAINT_NAME));
}

}  // namespace

struct Session::Impl {
  Connection conn;
};

Session::Session(const core::Secret& url, int timeout_ms)
    : impl_(std::make_unique<Impl>(Impl{open(url, std::chrono::milliseconds{timeout_ms})})) {}

Session::~Session() = default;

void Session::script(std::string_view sql) {
  const QueryResult result(PQexec(impl_->conn.get(), std::string(sql).c_str()));
  expect_success(impl_->conn.get(), result);
}

Result Session::query(std::string_view sql, const std::vector<std::string>& params) {
  std::vector<const char*> values;
  for (const std::string& param : params) values.push_back(param.c_str());
  const QueryResult result(PQexecParams(impl_->conn.get(), std::string(sql).c_str(), static_cast<int>(values.size()),
                                        nullptr, values.data(), nullptr, nullptr, 0));
  expect_success(impl_->conn.get(), result);
  Result out;
  const int columns = PQnfields(result.get());
  for (int column = 0; column < columns; ++column) out.names.emplace_back(PQfname(result.get(), column));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    auto& cells = out.rows.emplace_back();
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result.get(), row, column) != 0) cells.emplace_back();
      else
        cells.emplace_back(std::string(PQgetvalue(result.get(), row, column),
                                       static_cast<std::size_t>(PQgetlength(result.get(), row, column))));
    }
  }
  const std::string_view affected = PQcmdTuples(result.get());
  std::from_chars(affected.data(), affected.data() + affected.size(), out.affected);
  return out;
}

}  // namespace pg
