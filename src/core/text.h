// Small text tools over std::string_view. ASCII only where case or space matters, unless the name says UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace core {

std::string lower(std::string_view text);
std::string_view trim(std::string_view text);  // spaces, tabs, CR, LF
bool iequals(std::string_view a, std::string_view b);
std::vector<std::string_view> split(std::string_view text, char separator);
bool is_below(std::string_view path, std::string_view folder);  // or the folder itself: "/a/b" of "/a", not "/ab"
std::optional<std::int64_t> parse_int(std::string_view text);   // whole text, no sign but '-'
bool valid_utf8(std::string_view text);                         // RFC 3629: no overlong forms, no surrogates
std::size_t utf8_length(std::string_view text);                 // code points of valid UTF-8
std::string percent_encode(std::string_view text, std::string_view keep = "");  // keeps RFC 3986 unreserved + keep
// %XX only ('+' stays); nothing on a bad escape.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace core
