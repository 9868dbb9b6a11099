// Guards: conditions that fail a statement, so that its changes are rolled back. An expression can only raise an error
// by a failing cast, so a guard casts a text to boolean (22P02). The text begins with a random token of this process,
// which no value of a request can contain.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rest {

const std::string& guard_token();
// An SQL expression that fails with `code` (PGRST115, 116, 124 or too_large) and the number that the expression
// `number` yields.
std::string guard_failure(std::string_view code, std::string_view number);

struct GuardFailure {
  std::string code;
  std::int64_t number = 0;
};
// The failure behind an error of Postgres, in any language of the server.
std::optional<GuardFailure> parse_guard_failure(std::string_view sqlstate, std::string_view message);

}  // namespace rest
