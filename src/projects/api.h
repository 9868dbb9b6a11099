// /api/projects: JSON in, JSON out.
#pragma once

#include "projects/projects.h"

namespace projects {

Task<http::Response> list_json(Projects& projects, http::Request& rq);
Task<http::Response> create_json(Projects& projects, http::Request& rq);
Task<http::Response> get_json(Projects& projects, http::Request& rq);
Task<http::Response> patch_json(Projects& projects, http::Request& rq);
Task<http::Response> put_json(Projects& projects, http::Request& rq);
Task<http::Response> delete_json(Projects& projects, http::Request& rq);
Task<http::Response> inputs_json(Projects& projects, http::Request& rq);
Task<http::Response> upload_json(Projects& projects, http::Request& rq);
Task<http::Response> fields_json(Projects& projects, http::Request& rq);
Task<http::Response> delete_input_json(Projects& projects, http::Request& rq);

}  // namespace projects
