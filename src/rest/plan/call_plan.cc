#include "rest/plan/call_plan.h"

namespace rest {

ResultShape shape_of(const Routine& routine, bool selects) {
  if (routine.returns_void && !routine.returns_set) return ResultShape::nothing;
  if (!routine.returns_rows) return routine.returns_set ? ResultShape::values : ResultShape::value;
  if (routine.returns_set) return ResultShape::rows;
  return routine.returns_composite && !selects ? ResultShape::value : ResultShape::row;
}

}  // namespace rest
