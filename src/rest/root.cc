// GET /: the OpenAPI 2.0 document of what the caller's role may use.
#include <fmt/format.h>

#include <set>

#include "rest/endpoints.h"
#include "rest/response/openapi.h"

namespace rest {
namespace {

struct TableRights {
  std::int64_t oid;
  bool reads, inserts, updates, deletes;
};
constexpr pg::Sql kTableRights{"rest.table_rights", R"sql(
  select o, has_any_column_privilege(o::oid, 'select'), has_any_column_privilege(o::oid, 'insert'),
         has_any_column_privilege(o::oid, 'update'), has_table_privilege(o::oid, 'delete')
  from unnest($1::bigint[]) o where exists (select from pg_class c where c.oid = o::oid)
)sql"};

constexpr pg::Sql kRoutineRights{"rest.function_rights", R"sql(
  select o from unnest($1::bigint[]) o
  where exists (select from pg_proc p where p.oid = o::oid) and has_function_privilege(o::oid, 'execute')
)sql"};

}  // namespace

Task<http::Response> root(const Request& request, const SchemaCache& schema_cache, Executor& executor) {
  std::vector<std::int64_t> tables, routines;
  for (const auto& [key, table] : schema_cache.tables())
    if (key.first == request.schema) tables.push_back(table.oid);
  for (const auto& [key, routine] : schema_cache.all_routines())
    if (key.first == request.schema) routines.push_back(routine.oid);
  Privileges privileges;
  for (const TableRights& one : co_await executor.as_role().many<TableRights>(kTableRights, tables))
    privileges.tables[one.oid] = {
        .reads = one.reads, .inserts = one.inserts, .updates = one.updates, .deletes = one.deletes};
  const auto callable = co_await executor.as_role().many<std::int64_t>(kRoutineRights, routines);
  privileges.routines.insert(callable.begin(), callable.end());
  http::Response response =
      http::json(openapi_document(schema_cache, request.schema, privileges, request.config.public_url));
  response.headers.set("Content-Type", "application/openapi+json; charset=utf-8");
  co_return response;
}

}  // namespace rest
