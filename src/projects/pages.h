// /app/projects: the list, the form for a new project, and the forms of a project's page. Forms answer 303.
#pragma once

#include "projects/projects.h"

namespace projects {

Task<http::Response> list_page(Projects& projects, http::Request& rq);
Task<http::Response> new_page(Projects& projects, http::Request& rq);
Task<http::Response> create_form(Projects& projects, http::Request& rq);
Task<http::Response> create_with_files_form(Projects& projects, http::Request& rq);
Task<http::Response> rename_form(Projects& projects, http::Request& rq);
Task<http::Response> delete_form(Projects& projects, http::Request& rq);
Task<http::Response> upload_form(Projects& projects, http::Request& rq);
Task<http::Response> fields_form(Projects& projects, http::Request& rq);
Task<http::Response> delete_input_form(Projects& projects, http::Request& rq);

// The rules as ui/drop and upload.js need them.
void set_upload_rules(const InputRules& rules, std::string_view locale, html::Data& data);

}  // namespace projects
