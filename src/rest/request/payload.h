// A JSON body, validated and cut into members. The values stay text, which Postgres reads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request.h"

namespace rest {

struct Member {
  std::string name;        // decoded
  std::string_view value;  // JSON text inside of the body
};
using Object = std::vector<Member>;  // the last of equal names, in the place of the first

struct Payload {
  bool is_array = false;
  std::vector<Object> objects;  // one, or an array's
};

// True when `text` is one JSON value (RFC 8259, at most 64 levels, valid UTF-8).
bool is_json(std::string_view text);
// An object or an array of objects; nothing for any other text.
std::optional<Payload> parse_payload(std::string_view body);
// Like Postgres's json ->>: the text of a string, the JSON text of other values, nothing for null.
std::optional<std::string> text_of(std::string_view json);

// The media type of the body, in lower case and without parameters.
std::string content_type(const http::Request& rq);
// True for JSON types, and for none.
bool is_json_type(std::string_view type);
// The body of a write. Throws Error PGRST102.
Payload parse_body(const http::Request& rq);

}  // namespace rest
