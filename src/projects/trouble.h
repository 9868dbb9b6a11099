// Refusals whose sentence is the text projects.problem.<code>; a page shows the same one after a redirect.
#pragma once

#include <string>

#include "core/problem.h"

namespace projects {

class Trouble : public core::Problem {
 public:
  using core::Problem::Problem;
};

Trouble trouble(int status, const std::string& code);
// projects.refused.<code>, which names the file.
Trouble refused_file(int status, const std::string& code, const std::string& name);

}  // namespace projects
