// The clauses of a select, for one node of the tree. Private to sql/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rest/config.h"
#include "rest/plan/resolve_embeds.h"
#include "rest/sql_text.h"

namespace rest {

// The conditions of a node that write_where() writes. The rows returned by an insert are filtered by its embeds alone,
// the payload of a PUT by its key columns alone.
enum class Conditions { all, own_columns, embeds };

// A column or a path into its JSON: "t"."c"->'a'.
void write_field(SqlText& sql, const Node& node, const Field& field);
// A comparison of one field with one value. The types are those of `node`.
void write_filter(SqlText& sql, const Node& node, const Filter& filter);
// " where …" beginning with the join to `parent`, or nothing when there is no condition.
void write_where(SqlText& sql, const Node& node, const Node* parent, Conditions which = Conditions::all);
// The select list, without `select`.
void write_fields(SqlText& sql, const Node& node, const Bounds& bounds);
// " from …" with the joins of spread embeds. `source` stands for the root's table.
void write_from(SqlText& sql, const Node& node, const Node* parent, const Bounds& bounds, std::string_view source = "");
void write_group(SqlText& sql, const Node& node);
void write_order(SqlText& sql, const Node& node);
void write_limit(SqlText& sql, const Node& node, const Bounds& bounds);
// All of these as one select.
void write_select(SqlText& sql, const Node& node, const Node* parent, const Bounds& bounds,
                  std::string_view source = "");
// exists (…): true when the embed has a row.
void write_exists(SqlText& sql, const Node& child, const Node& parent);

// The names of a spread embed's columns, in order.
std::vector<std::string> spread_keys(const Node& child);
// The key of a column in the response.
std::string key_of(const SelectField& column);
bool is_shown(const SelectItem& item);  // false for an embed without columns, which only joins

}  // namespace rest
