// A mistake that the user can correct: a form shows it on its page, an upload reads on so that the answer arrives.
// The sentence is the text <module>.problem.<code>.
#pragma once

#include "core/problem.h"

namespace projects {

class Refusal : public core::Problem {
 public:
  using core::Problem::Problem;
};

}  // namespace projects
