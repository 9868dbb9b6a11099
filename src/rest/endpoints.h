// The endpoints of /rest/v1, and the frame around them.
#pragma once

#include "rest/executor.h"
#include "rest/request/request.h"
#include "rest/rest.h"
#include "rest/schema_cache/schema_cache.h"

namespace rest {

using Endpoint = Task<http::Response> (*)(const Request&, const SchemaCache&, Executor&);
// Parses the request, runs the endpoint, and answers whatever it throws.
http::Handler serve(Rest& rest, Endpoint endpoint);

Task<http::Response> read(const Request&, const SchemaCache&, Executor&);    // GET, HEAD /{table}
Task<http::Response> insert(const Request&, const SchemaCache&, Executor&);  // POST /{table}
Task<http::Response> put(const Request&, const SchemaCache&, Executor&);     // PUT /{table}
Task<http::Response> update(const Request&, const SchemaCache&, Executor&);  // PATCH /{table}
Task<http::Response> remove(const Request&, const SchemaCache&, Executor&);  // DELETE /{table}
Task<http::Response> call(const Request&, const SchemaCache&, Executor&);    // GET, HEAD, POST /rpc/{function}
Task<http::Response> root(const Request&, const SchemaCache&, Executor&);    // GET /

}  // namespace rest
