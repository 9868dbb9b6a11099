#include "support/golden.h"

#include <libpq-fe.h>

#include <cstdlib>
#include <stdexcept>

#include "core/loop.h"

namespace golden {

namespace {

std::string url(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr)
    throw std::runtime_error(std::string(variable) + " is not set: run under tests/support/with-postgres");
  return value;
}

core::Task<std::vector<rest::json::TypeRow>> read(pg::Db& db) {
  co_return co_await db.in(pg::as_service("a test reads the catalogue"), rest::json::read_types);
}

}  // namespace

Server::Server() : conn_(PQconnectdb(url("TENON_TEST_SUPER_URL").c_str()), PQfinish) {
  if (PQstatus(conn_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(conn_.get()));
  PQsetNoticeProcessor(conn_.get(), [](void*, const char*) {}, nullptr);
}

pg::Rows Server::rows(const std::string& sql, const std::vector<std::optional<std::string>>& params) {
  std::vector<const char*> values;
  for (const auto& param : params) values.push_back(param ? param->c_str() : nullptr);
  std::shared_ptr<PGresult> result(PQexecParams(conn_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                                values.data(), nullptr, nullptr, 0),
                                   PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    throw std::runtime_error(sql + ": " + PQerrorMessage(conn_.get()));
  return {"golden", result};
}

void Server::run(const std::string& sql) {
  const std::shared_ptr<PGresult> result(PQexec(conn_.get(), sql.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
    throw std::runtime_error(sql + ": " + PQerrorMessage(conn_.get()));
}

std::string Server::text(const std::string& sql) { return std::string(rows(sql).cell(0, 0).value_or("")); }

std::shared_ptr<const rest::json::Types> types() {
  core::Loop loop;
  pg::Config config;
  config.url = core::Secret(url("TENON_TEST_URL"));
  config.direct_url = config.url;
  pg::Db db(loop, config);
  const auto rows = loop.run_until(read(db));
  loop.run_until(db.close());
  return std::make_shared<rest::json::Types>(rows);
}

int compare(Server& server, const rest::json::Types& types, const std::string& sql,
            const std::vector<std::optional<std::string>>& params, Form form, rest::json::Nulls nulls) {
  const pg::Rows rows = server.rows(sql, params);
  const int last = rows.columns() - 1;
  std::vector<rest::json::Column> columns;
  for (int i = 0; i < last; ++i) columns.push_back({std::string(rows.name(i)), rows.type(i)});
  // The types outlive the writer here.
  rest::json::RowWriter writer(std::shared_ptr<const rest::json::Types>(&types, [](const auto*) {}), columns, nulls);
  for (int row = 0; row < rows.size(); ++row) {
    std::vector<rest::json::RowWriter::Cell> cells;
    for (int i = 0; i < last; ++i) cells.push_back(rows.cell(row, i));
    std::string ours;
    if (form == Form::row) writer.object(cells, ours);
    else writer.value(0, cells.at(0), ours);
    CAPTURE(sql);
    CHECK(ours == rows.cell(row, last).value_or("null"));
  }
  return rows.size();
}

}  // namespace golden
