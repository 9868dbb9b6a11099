// CONTRACT. What a database call throws. Error: Postgres refused the statement. Unavailable: it cannot be reached, is
// starting, shutting down, or no connection came free in time; the HTTP edge answers 503 with Retry-After.
#pragma once

#include <stdexcept>
#include <string>

namespace pg {

class Error : public std::runtime_error {
 public:
  Error(std::string statement, std::string state, const std::string& message, std::string detail, std::string hint,
        std::string constraint)
      : std::runtime_error(message),
        statement(std::move(statement)),
        sqlstate(std::move(state)),
        detail(std::move(detail)),
        hint(std::move(hint)),
        constraint(std::move(constraint)) {}
  std::string statement;  // the Sql's name
  std::string sqlstate;   // five characters, e.g. 23505
  std::string detail;
  std::string hint;
  std::string constraint;
};

class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace pg
