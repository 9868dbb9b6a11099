// A resolved function call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rest/plan/read_plan.h"
#include "rest/plan/rpc_params.h"

namespace rest {

// The form in which a function's result is returned.
enum class ResultShape {
  nothing,  // void
  value,    // one value, or a row as a whole
  values,   // a set of values
  row,      // one row, from which columns are selected
  rows      // a set of rows
};
// `selects`: the request has a select or filters.
ResultShape shape_of(const Routine& routine, bool selects);

struct CallPlan {
  const Routine* routine = nullptr;
  std::vector<RpcParam> params;
  std::optional<std::string> body;  // for the unnamed argument
  ResultShape shape = ResultShape::nothing;
  ReadPlan read;        // of rows, or of a set of values as rows of one column; other shapes ignore it
  bool single = false;  // exactly one row of the page, or PGRST116; for calls that may write
  std::optional<std::int64_t> max_affected;
  bool is_set() const { return shape == ResultShape::rows || shape == ResultShape::values; }
};

}  // namespace rest
