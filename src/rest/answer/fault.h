// CONTRACT. What the data API refuses with, in PostgREST's shape {"code","details","hint","message"}.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/response.h"
#include "pg/error.h"

namespace rest {

struct Fault : std::exception {
  Fault(int http_status, std::string fault_code, std::string sentence, std::string details_json = "null",
        std::string hint_json = "null")
      : status(http_status),
        code(std::move(fault_code)),
        message(std::move(sentence)),
        details(std::move(details_json)),
        hint(std::move(hint_json)) {}
  const char* what() const noexcept override { return message.c_str(); }
  int status;
  std::string code;
  std::string message;
  std::string details;  // JSON
  std::string hint;     // JSON
  std::vector<std::pair<std::string, std::string>> headers;
};

// A text as JSON, for details and hints.
std::string json_string(std::string_view text);

http::Response answer(const Fault& fault);
// The database cannot be reached.
Fault outage();

// What Postgres refused, by its SQLSTATE (spec 8). `anonymous`: the caller shows no more than the anon key, so that a
// missing right is answered with 401.
Fault meaning_of(const pg::Error& error, bool anonymous);

}  // namespace rest
