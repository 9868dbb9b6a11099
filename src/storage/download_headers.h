// Response headers that keep a browser from executing stored files (RFC 6266 for file names).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/response.h"

namespace storage {

// True for type/subtype with optional parameters, safe to put in a header.
bool valid_mime(std::string_view type);
// The Content-Type to send: the stored one, but HTML becomes plain text and an invalid type becomes bytes.
std::string served_type(std::string_view stored);
// Sets nosniff, Content-Disposition and, for types a browser could execute, a sandboxing CSP. `download` is the file
// name that the caller asked for; empty means an attachment without a name.
void set_safe_download_headers(http::Response& response, std::string_view stored_type,
                               std::optional<std::string_view> download);
std::string attachment(std::string_view name);

}  // namespace storage
