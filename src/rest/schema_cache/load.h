// Reads the schema cache from pg_catalog.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pg/pg.h"
#include "rest/schema_cache/schema_cache.h"

namespace rest {

// All that the exposed schemas hold. Postgres checks the rights of each request.
core::Task<std::shared_ptr<const SchemaCache>> load_schema_cache(pg::Db& db, std::vector<std::string> schemas);

}  // namespace rest
