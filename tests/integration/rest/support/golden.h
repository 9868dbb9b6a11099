// Postgres's own to_json beside what json::RowWriter makes of the same values.
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

// A plain connection of the superuser: no role, no claims, one statement at a time.
class Server {
 public:
  Server();
  void run(const std::string& sql);
  // Throws std::runtime_error with the server's words.
  pg::Rows rows(const std::string& sql, const std::vector<std::optional<std::string>>& params = {});
  std::string text(const std::string& sql);  // first cell; "" for null

 private:
  std::shared_ptr<pg_conn> conn_;
};

std::shared_ptr<const rest::json::Types> types();  // as the catalogue has them now

// Runs `sql`, whose last column is to_json of the value or row before it, and compares each row. Returns how many rows.
// `as_row`: the columns before the last make the object; else the first column is the value.
enum class Form { value, row };
int compare(Server& server, const rest::json::Types& types, const std::string& sql,
            const std::vector<std::optional<std::string>>& params = {}, Form form = Form::value,
            rest::json::Nulls nulls = rest::json::Nulls::kept);

}  // namespace golden
