// Chooses the function that a call means.
#pragma once

#include <string_view>
#include <vector>

#include "rest/plan/rpc_params.h"
#include "rest/schema_cache/schema_cache.h"

namespace rest {

// By the names of the arguments, else a function with a single unnamed argument that takes the body. Throws Error
// PGRST202 (none), PGRST203 (several).
const Routine& resolve_overload(const SchemaCache& schema_cache, std::string_view schema, std::string_view name,
                                const std::vector<RpcParam>& params, BodyType body);

}  // namespace rest
