#include "projects/trouble.h"

#include "html/html.h"

namespace projects {

core::Problem trouble(int status, const std::string& code) {
  return core::Problem(status, code, html::text("en", "projects.problem." + code));
}

core::Problem refused_file(int status, const std::string& code, const std::string& name) {
  return core::Problem(status, code, html::text("en", "projects.refused." + code, {{"name", name}}));
}

}  // namespace projects
