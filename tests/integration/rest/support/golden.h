// Compares json::RowWriter with Postgres's to_json.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pg/session.h"
#include "rest/json/rows.h"

struct pg_conn;  // libpq's

namespace golden {

// A plain superuser connection: no role, no claims, one statement at a time.
class Server {
 public:
  Server();
  void run(const std::string& sql);
  // Throws std::runtime_error with the server's message.
  pg::Rows rows(const std::string& sql, const std::vector<std::optional<std::string>>& params = {});
  std::string text(const std::string& sql);  // first cell; "" for null

 private:
  std::shared_ptr<pg_conn> conn_;
};

std::shared_ptr<const rest::json::Types> types();  // as currently in the database

// Runs `sql`, whose last column is to_json of the value or row before it, and compares each row. Returns how many rows.
// Form::row compares the object of the columns before the last, Form::value the first column.
enum class Form { value, row };
int compare(Server& server, const rest::json::Types& types, const std::string& sql,
            const std::vector<std::optional<std::string>>& params = {}, Form form = Form::value,
            rest::json::Nulls nulls = rest::json::Nulls::kept);

}  // namespace golden
