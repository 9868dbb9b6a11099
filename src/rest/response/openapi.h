// The OpenAPI (Swagger 2.0) document of a schema.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "rest/schema_cache/schema_cache.h"

namespace rest {

// The rights of a role, by oid.
struct Privileges {
  struct Rights {
    bool reads = false, inserts = false, updates = false, deletes = false;
    bool any() const { return reads || inserts || updates || deletes; }
  };
  std::map<std::int64_t, Rights> tables;
  std::set<std::int64_t> routines;
};

std::string openapi_document(const SchemaCache& schema_cache, std::string_view schema, const Privileges& privileges,
                             std::string_view origin);

}  // namespace rest
