#pragma once

#include "http/request.h"
#include "http/response.h"

namespace http::serve {

// Gzips a public page that holds nothing secret. A page with a session or a form token stays as it is: its compressed
// length would reveal them (BREACH).
void compress_public_page(const Request& rq, Response& response);

}  // namespace http::serve
