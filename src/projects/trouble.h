// Refusals whose sentence is the text projects.problem.<code>; a page shows the same one after a redirect.
#pragma once

#include <string>

#include "core/problem.h"

namespace projects {

core::Problem trouble(int status, const std::string& code);
// projects.refused.<code>, which names the file.
core::Problem refused_file(int status, const std::string& code, const std::string& name);

}  // namespace projects
