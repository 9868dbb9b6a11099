#include "rest/sql/guard.h"

#include <fmt/format.h>

#include "core/ids.h"
#include "core/text.h"

namespace rest {

const std::string& guard_token() {
  static const std::string word = "pgrst-" + core::Uuid::random().str();
  return word;
}

std::string guard_failure(std::string_view code, std::string_view number) {
  return fmt::format("('{} {} ' || {})::boolean", guard_token(), code, number);
}

std::optional<GuardFailure> parse_guard_failure(std::string_view sqlstate, std::string_view message) {
  if (sqlstate != "22P02") return std::nullopt;
  const std::size_t start = message.find(guard_token());
  if (start == std::string_view::npos) return std::nullopt;
  message.remove_prefix(start + guard_token().size());
  for (const std::string_view code : {"PGRST115", "PGRST116", "PGRST124", "too_large"}) {
    if (message.size() < code.size() + 3 || message[0] != ' ' || !message.substr(1).starts_with(code)) continue;
    std::string_view number = message.substr(code.size() + 2);
    number = number.substr(0, number.find_first_not_of("0123456789"));
    return GuardFailure{.code = std::string(code), .number = core::parse_int(number).value_or(0)};
  }
  return std::nullopt;
}

}  // namespace rest
