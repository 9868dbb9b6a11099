// A JSON body, checked and cut into members without building it: Postgres reads the values itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rest {

struct Member {
  std::string name;        // decoded
  std::string_view value;  // JSON text inside of the body
};
using Object = std::vector<Member>;  // of equal names the last counts; this holds it alone, in the first's place

struct Payload {
  bool is_array = false;
  std::vector<Object> objects;  // one, or an array's
};

// Whether `text` is one JSON value (RFC 8259, at most 64 levels, valid UTF-8).
bool is_json(std::string_view text);
// An object or an array of objects; nothing when the text is no such JSON.
std::optional<Payload> parse_payload(std::string_view body);
// The text of a JSON string, and any other value's JSON text: what Postgres's json ->> gives. Nothing for null.
std::optional<std::string> text_of(std::string_view json);

}  // namespace rest
