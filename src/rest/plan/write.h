// The clauses of a select for one node of the tree. Private to plan/.
#pragma once

#include "rest/plan/sql_text.h"
#include "rest/plan/tree.h"

namespace rest::plan {

struct Bounds {
  std::int64_t max_rows = 1000;
  bool aggregates = false;
};

// Which conditions of a node. An insert has none; what is shown of it is judged by its embeds. PUT judges its key
// alone.
enum class Conditions { all, own_columns, embeds };

// A column or a place in its JSON: "t"."c"->'a'.
void write_field(SqlText& sql, const Node& node, const Field& field);
// One field held against one value. `node` gives the types.
void write_filter(SqlText& sql, const Node& node, const Filter& filter);
// " where …" with the join to `parent` first, or nothing when there is no condition.
void write_where(SqlText& sql, const Node& node, const Node* parent, Conditions which = Conditions::all);
// The select list, without the word.
void write_fields(SqlText& sql, const Node& node, const Bounds& bounds);
// " from …" with what is spread from the embeds. `source`: what stands for the root's table, if not itself.
void write_from(SqlText& sql, const Node& node, const Node* parent, const Bounds& bounds, std::string_view source = "");
void write_group(SqlText& sql, const Node& node);
void write_order(SqlText& sql, const Node& node);
void write_limit(SqlText& sql, const Node& node, const Bounds& bounds);
// The whole of it.
void write_select(SqlText& sql, const Node& node, const Node* parent, const Bounds& bounds,
                  std::string_view source = "");
// exists (…): the embed has a row.
void write_exists(SqlText& sql, const Node& child, const Node& parent);

// The key of a column in the answer.
std::string key_of(const Column& column);
bool is_shown(const Item& item);  // an embed of nothing only joins

}  // namespace rest::plan
