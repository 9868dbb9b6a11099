// Long, since all of it is one picture. The schema cache: what the database has, read once from pg_catalog, immutable
// and shared. A request holds the one it began with; a reload makes another (schema/cache.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rest/json/types.h"

namespace rest {

struct TableColumn {
  std::int64_t number = 0;  // attnum
  std::string name;
  std::string type;  // as SQL writes it, with its modifier: numeric(10,2), public.job_status
  std::uint32_t type_oid = 0;
  bool opaque = false;   // must be selected as to_json(column): json::Types::needs_to_json
  std::string category;  // pg_type's: J and the like are told by `type_oid`
  bool nullable = true;
  bool writable = true;      // not always generated
  std::string default_text;  // expression, empty when there is none
  std::string comment;
  std::vector<std::string> labels;  // of an enum
};

struct Table {
  std::int64_t oid = 0;
  std::string schema, name;
  std::string comment;
  bool is_view = false;
  std::int64_t row_type = 0;  // oid
  std::vector<TableColumn> columns;
  std::vector<std::string> primary_key;  // a view's: traced to its base table's
  const TableColumn* column(std::string_view name) const;
};

// How two resources are joined. from.columns[i] = to.columns[i].
struct Relationship {
  enum class Kind { many_to_one, one_to_many, one_to_one, many_to_many, computed };
  Kind kind = Kind::many_to_one;
  const Table* from = nullptr;
  const Table* to = nullptr;
  std::string constraint;  // many_to_many: the one that leads to `from`
  std::vector<std::string> from_columns;
  std::vector<std::string> to_columns;
  bool key_is_here = false;  // the foreign key belongs to `from`
  // many_to_many: the rows of `junction` between both.
  const Table* junction = nullptr;
  std::string junction_constraint;  // the one that leads to `to`
  std::vector<std::string> junction_from, junction_to;
  // computed: a function of a row of `from`.
  std::string function_schema, function;
  bool to_one() const { return kind == Kind::many_to_one || kind == Kind::one_to_one; }
  bool one = false;  // of computed: it gives one row at most
  bool gives_one() const { return to_one() || (kind == Kind::computed && one); }
};

struct Argument {
  std::string name;
  std::string type;
  std::uint32_t type_oid = 0;
  bool is_array = false;
  bool is_record = false;
  bool required = true;
  bool variadic = false;
};

struct Function {
  std::int64_t oid = 0;
  std::string schema, name;
  std::string comment;
  std::vector<Argument> arguments;
  std::uint32_t returns = 0;  // oid
  std::string returns_type;
  std::int64_t returns_row = 0;  // pg_class of the row type, 0: none
  bool returns_set = false;
  bool returns_rows = false;       // columns of a name: a composite, TABLE(…), OUT parameters
  bool returns_composite = false;  // a row type or record, whose value may be null as a whole
  bool returns_void = false;
  bool is_volatile = true;
  std::int64_t expected_rows = 0;
  // The one argument without a name that takes a whole body.
  bool takes_body() const { return arguments.size() == 1 && arguments[0].name.empty(); }
};

// Schema and name, in order; looked up without a copy.
struct QualifiedLess {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    const int schemas = std::string_view(a.first).compare(std::string_view(b.first));
    return schemas != 0 ? schemas < 0 : std::string_view(a.second) < std::string_view(b.second);
  }
};
using Tables = std::map<std::pair<std::string, std::string>, Table, QualifiedLess>;
using Functions = std::multimap<std::pair<std::string, std::string>, Function, QualifiedLess>;

class Catalogue {
 public:
  explicit Catalogue(std::shared_ptr<const json::Types> types) : types_(std::move(types)) {}
  const Table* table(std::string_view schema, std::string_view name) const;
  const Table* table_of_oid(std::int64_t oid) const;
  std::vector<const Function*> functions(std::string_view schema, std::string_view name) const;
  const std::vector<Relationship>& relationships(const Table& from) const;
  const std::shared_ptr<const json::Types>& types() const { return types_; }

  const Tables& tables() const { return tables_; }
  const Functions& all_functions() const { return functions_; }

  // While it is built.
  Table& add(Table table);
  void add(Function function);
  void add(Relationship relationship);
  template <class Fn>
  void each_table(Fn fn) {
    for (auto& [key, table] : tables_) fn(table);
  }

 private:
  std::shared_ptr<const json::Types> types_;
  Tables tables_;
  std::unordered_map<std::int64_t, const Table*> by_oid_;
  Functions functions_;
  std::unordered_map<const Table*, std::vector<Relationship>> relationships_;
};

// The name among `names` that a typing mistake may have meant; empty when none is near.
std::string nearest(std::string_view wanted, const std::vector<std::string_view>& names);

}  // namespace rest
