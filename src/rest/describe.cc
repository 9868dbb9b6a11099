// GET /: the Swagger 2.0 document of what the caller's role may see.
#include <fmt/format.h>

#include <set>

#include "rest/answer/swagger.h"
#include "rest/call.h"

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

constexpr pg::Sql kFunctionRights{"rest.function_rights", R"sql(
  select o from unnest($1::bigint[]) o
  where exists (select from pg_proc p where p.oid = o::oid) and has_function_privilege(o::oid, 'execute')
)sql"};

}  // namespace

Task<http::Response> describe(Call& call) {
  std::vector<std::int64_t> tables, functions;
  for (const auto& [key, table] : call.catalogue->tables())
    if (key.first == call.schema) tables.push_back(table.oid);
  for (const auto& [key, function] : call.catalogue->all_functions())
    if (key.first == call.schema) functions.push_back(function.oid);
  Task<std::vector<TableRights>> asking = call.rest.db.as(call.who).many<TableRights>(kTableRights, tables);
  Seen seen;
  for (const TableRights& one : co_await asking)
    seen.tables[one.oid] = {.reads = one.reads, .inserts = one.inserts, .updates = one.updates, .deletes = one.deletes};
  Task<std::vector<std::int64_t>> calling = call.rest.db.as(call.who).many<std::int64_t>(kFunctionRights, functions);
  const auto callable = co_await calling;
  seen.functions.insert(callable.begin(), callable.end());
  http::Response response = http::json(swagger(*call.catalogue, call.schema, seen, call.rest.config.public_url));
  response.headers.set("Content-Type", "application/openapi+json; charset=utf-8");
  co_return response;
}

}  // namespace rest
