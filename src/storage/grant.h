// The `token` of a signed link, judged for one path and one purpose.
#pragma once

#include "storage/parts.h"
#include "storage/token.h"
#include "storage/wire.h"

namespace storage {

// Throws WireError: no token, bad signature, expired, another purpose, another path.
Grant granted(const Parts& parts, const http::Request& rq, Scope scope, const std::string& url);

}  // namespace storage
