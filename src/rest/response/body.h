// Result sets as response bodies in the negotiated media type.
#pragma once

#include "http/response.h"
#include "rest/request/request.h"
#include "rest/response/result_set.h"
#include "rest/schema_cache/schema_cache.h"

namespace rest {

// An object needs exactly one row, else these throw Error PGRST116. A body beyond the limit throws response_too_large.
http::Response head_response(const ResultSet& result, const MediaType& media);  // without a body, for HEAD
http::Response rows_response(const SchemaCache& schema_cache, const ResultSet& result, const Request& request);
http::Response rows_response(const SchemaCache& schema_cache, const ResultSet& result, const Request& request,
                             const MediaType& media);
// For a function that returns one value, or a set of them.
http::Response value_response(const SchemaCache& schema_cache, const ResultSet& result, const Request& request,
                              bool is_set);

}  // namespace rest
