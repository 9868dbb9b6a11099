// How stored bytes are sent so that no browser runs them (RFC 6266 for names).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/response.h"

namespace storage {

// A type that may stand in a header: type/subtype, perhaps with parameters.
bool valid_mime(std::string_view type);
// The stored type, except that HTML goes out as plain text and what is no type as bytes.
std::string served_type(std::string_view stored);
// `download`: absent, or the name asked for (empty: no name).
void make_inert(http::Response& response, std::string_view stored_type, std::optional<std::string_view> download);
std::string attachment(std::string_view name);

}  // namespace storage
