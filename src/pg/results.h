// Included by row.h only: the rows of an awaited query as one struct, at most one, or many.
#pragma once

#include <array>

#include "pg/decode.h"

namespace pg {
namespace detail {

template <class R, class Indices>
struct KindsOf;
template <class R, std::size_t... i>
struct KindsOf<R, std::index_sequence<i...>> {
  static constexpr std::array<Kind, sizeof...(i)> kinds{
      KindOf<std::remove_cvref_t<boost::pfr::tuple_element_t<i, R>>>::value...};
};
template <Column R>
struct KindsOf<R, void> {
  static constexpr std::array<Kind, 1> kinds{KindOf<R>::value};
};

template <class R>
core::Task<R> one_of(core::Task<Rows> pending) {
  const Rows rows = co_await pending;
  expect_columns(rows, width<R>());
  if (rows.size() != 1) refuse_count(rows, "exactly one row");
  co_return decode_row<R>(rows, 0);
}

template <class R>
core::Task<std::optional<R>> maybe_of(core::Task<Rows> pending) {
  const Rows rows = co_await pending;
  expect_columns(rows, width<R>());
  if (rows.size() > 1) refuse_count(rows, "at most one row");
  std::optional<R> out;
  if (rows.size() == 1) out.emplace(decode_row<R>(rows, 0));
  co_return out;
}

template <class R>
core::Task<std::vector<R>> many_of(core::Task<Rows> pending) {
  const Rows rows = co_await pending;
  expect_columns(rows, width<R>());
  std::vector<R> out;
  out.reserve(static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row) out.push_back(decode_row<R>(rows, row));
  co_return out;
}

core::Task<std::int64_t> affected_of(core::Task<Rows> pending);

}  // namespace detail

// The kinds of the columns of a row R, in static storage.
template <class R>
Columns columns_of() {
  if constexpr (detail::Column<R>) return detail::KindsOf<R, void>::kinds;
  else return detail::KindsOf<R, std::make_index_sequence<boost::pfr::tuple_size_v<R>>>::kinds;
}

}  // namespace pg
