#include "rest/schema_cache/load.h"

#include <map>

#include "rest/schema_cache/relationships.h"
#include "rest/schema_cache/view_columns.h"

namespace rest {
namespace {

using Texts = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

struct TableRow {
  std::int64_t oid;
  std::string schema, name;
  std::string kind;
  std::int64_t row_type;
  std::string comment;
};
constexpr pg::Sql kTables{"rest.tables", R"sql(
  select c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, c.reltype::bigint,
         coalesce(obj_description(c.oid, 'pg_class'), '')
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname::text = any($1::text[]) and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and not exists (select from pg_depend d
                    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  order by n.nspname, c.relname
)sql"};

struct ColumnRow {
  std::int64_t table;
  std::int64_t number;
  std::string name, type;
  std::int64_t type_oid;
  std::string category;
  bool nullable, writable;
  std::string default_text, comment;
  Texts labels;
};
// The columns of every relation of the exposed schemas.
constexpr pg::Sql kColumns{"rest.columns", R"sql(
  select a.attrelid::bigint, a.attnum::bigint, a.attname::text, format_type(a.atttypid, a.atttypmod),
         a.atttypid::bigint, t.typcategory::text,
         not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)), a.attgenerated = '' and a.attidentity <> 'a',
         case when a.attidentity = 'd' then
                format('nextval(%L)', pg_get_serial_sequence(a.attrelid::regclass::text, a.attname))
              when a.attgenerated = '' and a.attidentity = '' then coalesce(pg_get_expr(d.adbin, d.adrelid), t.typdefault, '')
              else '' end,
         coalesce(col_description(a.attrelid, a.attnum), ''),
         coalesce((select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e
                   where e.enumtypid = a.atttypid), '{}')
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v', 'm', 'f')
  join pg_namespace n on n.oid = c.relnamespace
  join pg_type t on t.oid = a.atttypid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where n.nspname::text = any($1::text[]) and a.attnum > 0 and not a.attisdropped
  order by a.attrelid, a.attnum
)sql"};

struct KeyRow {
  std::int64_t table;
  bool primary;
  Numbers columns;
};
constexpr pg::Sql kKeys{"rest.keys", R"sql(
  select conrelid::bigint, contype = 'p', conkey::bigint[] from pg_constraint where contype in ('p', 'u')
  union
  select i.indrelid::bigint, false, array(select k::bigint from unnest(i.indkey) with ordinality u(k, n) order by n)
  from pg_index i
  where i.indisunique and i.indpred is null and i.indexprs is null and i.indnkeyatts = i.indnatts
)sql"};

struct ForeignRow {
  std::string name;
  std::int64_t from, to;
  Numbers from_columns, to_columns;
};
constexpr pg::Sql kForeign{"rest.foreign_keys", R"sql(
  select conname::text, conrelid::bigint, confrelid::bigint, conkey::bigint[], confkey::bigint[]
  from pg_constraint where contype = 'f' and conparentid = 0
  order by conrelid, conname
)sql"};

struct RuleRow {
  std::int64_t view;
  std::string tree;
};
constexpr pg::Sql kRules{"rest.view_rules", R"sql(
  select r.ev_class::bigint, r.ev_action::text
  from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
  where r.rulename = '_RETURN' and n.nspname not in ('pg_catalog', 'information_schema')
)sql"};

struct RoutineRow {
  std::int64_t oid;
  std::string schema, name, comment;
  std::int64_t returns;
  std::string returns_type;
  std::int64_t returns_row;
  bool returns_set, returns_rows, returns_composite, returns_void, is_volatile;
  std::int64_t rows;
  std::int64_t defaults;  // the number of trailing input arguments with a default
  Texts names, types, modes;
  Numbers type_oids;
  std::vector<std::string> kinds;  // of each argument's type: array, record or other
};
constexpr pg::Sql kRoutines{"rest.functions", R"sql(
  select p.oid::bigint, n.nspname::text, p.proname::text, coalesce(obj_description(p.oid, 'pg_proc'), ''),
         p.prorettype::bigint, format_type(p.prorettype, null), coalesce(base.typrelid, t.typrelid)::bigint,
         p.proretset,
         coalesce(base.typtype, t.typtype) = 'c' or p.prorettype = 'record'::regtype
           or coalesce(p.proargmodes::text[] && '{t,b,o}', false),
         coalesce(base.typtype, t.typtype) = 'c' or p.prorettype = 'record'::regtype,
         p.prorettype = 'void'::regtype, p.provolatile = 'v', p.prorows::bigint, p.pronargdefaults::bigint,
         coalesce((select array_agg(coalesce(p.proargnames[i], '') order by i) from generate_subscripts(a.all_types, 1) i),
                  '{}'),
         coalesce((select array_agg(format_type(a.all_types[i], null) order by i)
                   from generate_subscripts(a.all_types, 1) i), '{}'),
         coalesce((select array_agg(coalesce(p.proargmodes[i]::text, 'i') order by i)
                   from generate_subscripts(a.all_types, 1) i), '{}'),
         a.all_types::bigint[],
         coalesce((select array_agg(case when at.typcategory = 'A' then 'array' when at.typtype = 'c' then 'record'
                                         else 'other' end order by i)
                   from generate_subscripts(a.all_types, 1) i join pg_type at on at.oid = a.all_types[i]), '{}')
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_type t on t.oid = p.prorettype
  left join pg_type base on base.oid = t.typbasetype
  cross join lateral (
    select coalesce(p.proallargtypes, (select array_agg(o order by i) from unnest(p.proargtypes) with ordinality u(o, i)),
                    '{}')) a(all_types)
  where n.nspname::text = any($1::text[]) and p.prokind = 'f' and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
    and not exists (select from pg_depend d
                    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
)sql"};

void add_tables(SchemaCache& out, const std::vector<TableRow>& tables, const std::vector<ColumnRow>& columns) {
  std::map<std::int64_t, std::vector<TableColumn>> by_table;
  for (const ColumnRow& c : columns)
    by_table[c.table].push_back({.number = c.number,
                                 .name = c.name,
                                 .type = c.type,
                                 .type_oid = static_cast<std::uint32_t>(c.type_oid),
                                 .opaque = out.types()->needs_to_json(static_cast<std::uint32_t>(c.type_oid)),
                                 .category = c.category,
                                 .nullable = c.nullable,
                                 .writable = c.writable,
                                 .default_text = c.default_text,
                                 .comment = c.comment,
                                 .labels = c.labels});
  for (const TableRow& t : tables)
    out.add(Table{.oid = t.oid,
                  .schema = t.schema,
                  .name = t.name,
                  .comment = t.comment,
                  .is_view = t.kind == "v" || t.kind == "m",
                  .row_type = t.row_type,
                  .columns = std::move(by_table[t.oid])});
}

void add_routine(SchemaCache& out, const RoutineRow& row) {
  Routine f{.oid = row.oid,
            .schema = row.schema,
            .name = row.name,
            .comment = row.comment,
            .returns = static_cast<std::uint32_t>(row.returns),
            .returns_type = row.returns_type,
            .returns_row = row.returns_row,
            .returns_set = row.returns_set,
            .returns_rows = row.returns_rows,
            .returns_composite = row.returns_composite,
            .returns_void = row.returns_void,
            .is_volatile = row.is_volatile,
            .expected_rows = row.rows};
  for (std::size_t i = 0; i < row.types.size(); ++i) {
    const std::string& mode = row.modes[i];
    if (mode == "o" || mode == "t") continue;
    f.params.push_back({.name = row.names[i],
                        .type = row.types[i],
                        .type_oid = static_cast<std::uint32_t>(row.type_oids[i]),
                        .is_array = row.kinds[i] == "array",
                        .is_record = row.kinds[i] == "record",
                        .variadic = mode == "v"});
  }
  const std::size_t count = f.params.size();
  for (std::size_t i = 0; i < count; ++i)
    f.params[i].required = i + static_cast<std::size_t>(row.defaults) < count && !f.params[i].variadic;
  // A function from a row of one table to rows of another is a computed relationship.
  if (count == 1 && f.params[0].is_record && row.returns_row != 0) {
    const Table* from = nullptr;
    for (const auto& [key, table] : out.tables())
      if (table.row_type == row.type_oids[0]) from = &table;
    if (const Table* to = out.table_of_oid(row.returns_row); from != nullptr && to != nullptr)
      out.add(Relationship{.kind = Relationship::Kind::computed,
                           .from = from,
                           .to = to,
                           .function_schema = f.schema,
                           .function = f.name,
                           .returns_one = !f.returns_set || f.expected_rows == 1});
  }
  out.add(std::move(f));
}

// Types and defaults are copied into statements that run under any search_path, so they must be qualified.
constexpr pg::Sql kQualified{"rest.qualified_names", R"sql(
  select set_config('search_path', '', true)
)sql"};

core::Task<std::shared_ptr<const SchemaCache>> read(pg::Tx& tx, std::vector<std::string>& schemas) {
  co_await tx.run(kQualified);
  const std::vector<json::TypeRow> types = co_await json::read_types(tx);
  auto out = std::make_shared<SchemaCache>(std::make_shared<const json::Types>(types));
  const auto tables = co_await tx.many<TableRow>(kTables, schemas);
  const auto columns = co_await tx.many<ColumnRow>(kColumns, schemas);
  add_tables(*out, tables, columns);
  Keys keys;
  for (KeyRow& row : co_await tx.many<KeyRow>(kKeys))
    keys.unique.push_back({row.table, row.primary, std::move(row.columns)});
  for (ForeignRow& row : co_await tx.many<ForeignRow>(kForeign))
    keys.foreign.push_back({row.name, row.from, row.to, std::move(row.from_columns), std::move(row.to_columns)});
  for (const RuleRow& row : co_await tx.many<RuleRow>(kRules))
    for (const TracedColumn& one : trace_view(row.view, row.tree)) keys.traced.push_back(one);
  add_relationships(*out, keys);
  for (const RoutineRow& row : co_await tx.many<RoutineRow>(kRoutines, schemas)) add_routine(*out, row);
  co_return out;
}

}  // namespace

core::Task<std::shared_ptr<const SchemaCache>> load_schema_cache(pg::Db& db, std::vector<std::string> schemas) {
  co_return co_await db.in(pg::as_service("the schema cache is the same for every user"), read, std::move(schemas));
}

}  // namespace rest
