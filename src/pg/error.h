// Exceptions of database calls. Error: Postgres rejected the statement. Unavailable: the server cannot be reached, is
// starting or shutting down, or no connection came free in time. HTTP answers 503 with Retry-After; the data API
// answers 504 when no connection came free.
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

// The result is larger than RequestSettings::most_bytes. The statement was cancelled, or its rows were dropped.
class ResultTooLarge : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Unavailable : public std::runtime_error {
 public:
  // none_free: the server is up, but no connection came free in time. over_share: nor would one have, since the caller
  // has as much under way as one caller may. HTTP answers 429.
  enum class Why { out_of_reach, none_free, over_share };
  explicit Unavailable(const std::string& what, Why reason = Why::out_of_reach)
      : std::runtime_error(what), why(reason) {}
  Why why;
};

}  // namespace pg
