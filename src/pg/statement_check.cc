#include "pg/statement_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "pg/error.h"

namespace pg::detail {

namespace {

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

bool same_word(std::string_view word, std::string_view lower) {
  return std::ranges::equal(word, lower, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

// The next word outside comments, from `at` on; empty at the end. Words in quoted text count too, which only makes the
// checks stricter.
std::string_view next_word(std::string_view sql, std::size_t& at) {
  while (at < sql.size() && !is_word(sql[at])) {
    if (sql.substr(at, 2) == "--") at = std::min(sql.find('\n', at), sql.size());
    else if (sql.substr(at, 2) == "/*") at = std::min(sql.find("*/", at), sql.size() - 2) + 2;
    else ++at;
  }
  const std::size_t first = at;
  while (at < sql.size() && is_word(sql[at])) ++at;
  return sql.substr(first, at - first);
}

constexpr std::array<std::string_view, 22> kTransactionControl{
    "begin",   "start",   "commit", "end",     "rollback", "abort",    "savepoint", "release",
    "prepare", "set",     "reset",  "discard", "listen",   "unlisten", "execute",   "deallocate",
    "copy",    "declare", "fetch",  "move",    "close",    "load"};
constexpr std::array<std::string_view, 13> kWrites{"insert",     "update", "delete",  "merge",  "into",
                                                   "call",       "share",  "nextval", "setval", "pg_notify",
                                                   "set_config", "lock",   "truncate"};

}  // namespace

void reject_unsafe(const Sql& sql, const Params& params) {
  std::size_t at = 0;
  const std::string_view first = next_word(sql.text, at);
  if (std::ranges::any_of(kTransactionControl, [&](std::string_view word) { return same_word(first, word); }))
    throw std::logic_error(fmt::format(
        "{}: {} is not allowed, since it affects the connection beyond the statement's transaction", sql.name, first));
  for (const Param& param : params)
    if (param.text.find('\0') != std::string::npos)
      throw Error(std::string(sql.name), "22021", "invalid byte sequence for encoding \"UTF8\": 0x00", "", "", "");
}

bool looks_read_only(std::string_view sql) {
  std::size_t at = 0;
  const std::string_view first = next_word(sql, at);
  if (!same_word(first, "select") && !same_word(first, "with")) return false;
  for (std::string_view word = next_word(sql, at); !word.empty(); word = next_word(sql, at))
    if (std::ranges::any_of(kWrites, [&](std::string_view w) { return same_word(word, w); })) return false;
  return true;
}

}  // namespace pg::detail
