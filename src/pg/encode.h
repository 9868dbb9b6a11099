// Included by row.h only: the Kind of a C++ type, and values to parameters.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

namespace pg {
namespace detail {

template <class T>
struct KindOf;  // no member `value`: T is an aggregate of columns
template <Kind k>
using KindIs = std::integral_constant<Kind, k>;
template <>
struct KindOf<bool> : KindIs<Kind::boolean> {};
template <>
struct KindOf<std::int16_t> : KindIs<Kind::integer> {};
template <>
struct KindOf<std::int32_t> : KindIs<Kind::integer> {};
template <>
struct KindOf<std::int64_t> : KindIs<Kind::integer> {};
template <>
struct KindOf<double> : KindIs<Kind::floating> {};
template <>
struct KindOf<std::string> : KindIs<Kind::any_text> {};
template <>
struct KindOf<core::Uuid> : KindIs<Kind::uuid> {};
template <class Tag>
struct KindOf<core::Id<Tag>> : KindIs<Kind::uuid> {};
template <>
struct KindOf<core::Time> : KindIs<Kind::timestamp> {};
template <>
struct KindOf<Json> : KindIs<Kind::json> {};
template <>
struct KindOf<Bytes> : KindIs<Kind::bytes> {};
template <>
struct KindOf<std::vector<std::string>> : KindIs<Kind::text_array> {};
template <>
struct KindOf<std::vector<core::Uuid>> : KindIs<Kind::uuid_array> {};
template <class Tag>
struct KindOf<std::vector<core::Id<Tag>>> : KindIs<Kind::uuid_array> {};
template <>
struct KindOf<std::vector<std::int64_t>> : KindIs<Kind::integer_array> {};
template <class T>
struct KindOf<std::optional<T>> : KindOf<T> {};
template <class T>
concept Column = requires { KindOf<T>::value; };

// Text of an array literal: every element quoted.
std::string array_text(std::span<const std::string> elements);
std::string bytea_text(std::string_view bytes);
Param encode_double(double value);

template <class T>
Param encode(const T& value) {
  if constexpr (requires {
                  value.has_value();
                  *value;
                }) {
    if (value) return encode(*value);
    return Param{true, {}, KindOf<T>::value};
  } else if constexpr (std::same_as<T, std::nullopt_t>) {
    return Param{true, {}, Kind::any_text};
  } else if constexpr (std::same_as<T, bool>) {
    return Param{false, value ? "t" : "f", Kind::boolean};
  } else if constexpr (std::integral<T>) {
    return Param{false, std::to_string(value), Kind::integer};
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    return Param{false, std::string(std::string_view(value)), Kind::any_text};
  } else if constexpr (std::same_as<T, double>) {
    return encode_double(value);
  } else if constexpr (std::same_as<T, core::Time>) {
    return Param{false, core::rfc3339(value), Kind::timestamp};
  } else if constexpr (std::same_as<T, Json>) {
    return Param{false, value.text, Kind::json};
  } else if constexpr (std::same_as<T, Bytes>) {
    return Param{false, bytea_text(value.bytes), Kind::bytes};
  } else if constexpr (requires { value.str(); }) {  // Uuid, Id
    return Param{false, value.str(), Kind::uuid};
  } else {  // a vector
    std::vector<std::string> elements;
    elements.reserve(value.size());
    for (const auto& element : value) elements.push_back(encode(element).text);
    return Param{false, array_text(elements), KindOf<T>::value};
  }
}

}  // namespace detail

template <class... A>
Params encode_all(const A&... args) {
  Params params;
  params.reserve(sizeof...(args));
  (params.push_back(detail::encode(args)), ...);
  return params;
}

}  // namespace pg
