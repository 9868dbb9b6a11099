// Plans to SQL: one statement for each request.
#pragma once

#include <string_view>

#include "rest/plan/call_plan.h"
#include "rest/plan/mutate_plan.h"
#include "rest/plan/read_plan.h"
#include "rest/sql_text.h"

namespace rest {

// A statement, and the columns in front of the result's own. They come in this order.
struct Statement {
  SqlText sql;
  bool total = false;      // the number of rows without limit and offset
  bool marker = false;     // null: this row only carries the columns before it
  bool page_size = false;  // the number of rows of the page; no others follow
  bool updated = false;    // the number of rows that an upsert updated
  bool bare = false;       // its rows have no columns
  int leading() const { return int{total} + int{marker} + int{page_size} + int{updated}; }
};

// `source` stands for the root's table, `prefix` precedes the select and binds its values.
Statement read_statement(const ReadPlan& plan, SqlText prefix = {}, std::string_view source = "");
// The planner's estimate of the rows, without limit and offset.
SqlText explain_statement(const Node& root);
Statement insert_statement(const InsertPlan& plan);
Statement update_statement(const UpdatePlan& plan);
Statement delete_statement(const DeletePlan& plan);
// Throws Error PGRST128.
Statement call_statement(const CallPlan& plan);

}  // namespace rest
