// Reading a request of /storage/v1: the caller, bucket, key and body.
#pragma once

#include <string>

#include "core/json.h"
#include "http/router.h"
#include "pg/pg.h"
#include "storage/error.h"
#include "storage/storage.h"

namespace storage {

using UseCase = Task<http::Response> (*)(Storage&, http::Request&);
// The use case as a handler that answers StorageError and what Postgres refuses (endpoint.cc).
http::Handler endpoint(Storage& storage, UseCase use_case);

// The caller's role and claims; anon without a valid token.
pg::As caller_of(const http::Request& rq);
bool has_token(const http::Request& rq);
void require_token(const http::Request& rq);  // throws access_denied

// {bucket} and {key...} of the route. Throw bucket_not_found and invalid_key for names that cannot exist.
std::string bucket_in(const http::Request& rq);
std::string key_in(const http::Request& rq);
// The body as a JSON object; throws invalid_request.
core::Json json_object_in(const http::Request& rq);

}  // namespace storage
