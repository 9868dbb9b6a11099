#include "projects/trouble.h"

#include "html/html.h"

namespace projects {

Trouble trouble(int status, const std::string& code) {
  return Trouble(status, code, html::text("en", "projects.problem." + code));
}

Trouble refused_file(int status, const std::string& code, const std::string& name) {
  return Trouble(status, code, html::text("en", "projects.refused." + code, {{"name", name}}));
}

}  // namespace projects
