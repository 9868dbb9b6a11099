// Included by row.h only: the text of a cell to a C++ value, and a row to a struct. What does not depend on the
// caller's types is compiled once, in row.cc.
#pragma once

#include <boost/pfr/core.hpp>
#include <tuple>

#include "pg/encode.h"

namespace pg::detail {

// Parse the server's text. False when it is not of the type.
bool from_text(std::string_view text, bool& out);
bool from_text(std::string_view text, std::int16_t& out);
bool from_text(std::string_view text, std::int32_t& out);
bool from_text(std::string_view text, std::int64_t& out);
bool from_text(std::string_view text, double& out);
bool from_text(std::string_view text, std::string& out);
bool from_text(std::string_view text, core::Uuid& out);
bool from_text(std::string_view text, core::Time& out);
bool from_text(std::string_view text, Json& out);
bool from_text(std::string_view text, Bytes& out);
bool array_elements(std::string_view text, std::vector<std::string>& out);
template <class Tag>
bool from_text(std::string_view text, core::Id<Tag>& out) {
  core::Uuid uuid;
  const bool ok = from_text(text, uuid);
  out = core::Id<Tag>{uuid};
  return ok;
}
template <class T>
bool from_text(std::string_view text, std::vector<T>& out) {
  std::vector<std::string> elements;
  if (!array_elements(text, elements)) return false;
  out.resize(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i)
    if (!from_text(elements[i], out[i])) return false;
  return true;
}

[[noreturn]] void refuse_null(const Rows& rows, int column);
[[noreturn]] void refuse_text(const Rows& rows, int column);
[[noreturn]] void refuse_count(const Rows& rows, const char* expected);
void expect_columns(const Rows& rows, int expected);

template <class T>
void decode(const Rows& rows, int row, int column, T& out) {
  const std::optional<std::string_view> cell = rows.cell(row, column);
  if constexpr (requires {
                  out.has_value();
                  out.emplace();
                }) {
    if (!cell) return out.reset();
    if (!from_text(*cell, out.emplace())) refuse_text(rows, column);
  } else {
    if (!cell) refuse_null(rows, column);
    if (!from_text(*cell, out)) refuse_text(rows, column);
  }
}

template <class R>
constexpr int width() {
  if constexpr (Column<R>) return 1;
  else return static_cast<int>(boost::pfr::tuple_size_v<R>);
}

template <class R>
R decode_row(const Rows& rows, int row) {
  R out{};
  if constexpr (Column<R>) {
    decode(rows, row, 0, out);
  } else {
    auto fields = boost::pfr::structure_tie(out);
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      (decode(rows, row, static_cast<int>(i), std::get<i>(fields)), ...);
    }(std::make_index_sequence<static_cast<std::size_t>(width<R>())>{});
  }
  return out;
}

}  // namespace pg::detail
