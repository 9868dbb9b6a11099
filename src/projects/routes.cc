#include <algorithm>
#include <array>
#include <stdexcept>

#include "projects/api.h"
#include "projects/pages.h"
#include "projects/projects.h"
#include "projects/upload.h"

namespace projects {

namespace {

// Fields share assets.meta and the upload form with these.
constexpr std::array<std::string_view, 8> kReserved{"name",   "mime", "size",  "width",
                                                    "height", "file", "title", "_csrf"};

void check(const InputRules& rules) {
  if (rules.accept == nullptr) throw std::logic_error("the pipeline's input rules have no `accept`");
  for (const std::string& field : rules.fields)
    if (std::ranges::find(kReserved, field) != kReserved.end())
      throw std::logic_error("a field of the pipeline's input rules cannot be called " + field);
}

}  // namespace

void mount(http::Router& r, Projects& p) {
  check(p.rules);
  using http::Access;
  using http::Method;
  using http::with;
  const http::Limits upload{.body = kLargestUpload, .deadline = std::chrono::seconds(0)};

  r.get("/api/projects", Access::user, with(p, list_json));
  r.post("/api/projects", Access::user, with(p, create_json));
  r.get("/api/projects/{id}", Access::user, with(p, get_json));
  r.patch("/api/projects/{id}", Access::user, with(p, patch_json));
  r.put("/api/projects/{id}", Access::user, with(p, put_json));
  r.del("/api/projects/{id}", Access::user, with(p, delete_json));
  r.get("/api/projects/{id}/inputs", Access::user, with(p, inputs_json));
  r.stream(Method::post, "/api/projects/{id}/inputs", Access::user, with(p, upload_json), upload);
  r.patch("/api/projects/{id}/inputs/{asset}", Access::user, with(p, fields_json));
  r.del("/api/projects/{id}/inputs/{asset}", Access::user, with(p, delete_input_json));

  r.get("/app/projects", Access::user, with(p, list_page));
  r.get("/app/projects/new", Access::user, with(p, new_page));
  r.stream(Method::post, "/app/projects/new", Access::user, with(p, create_with_files_form), upload);
  r.post("/app/projects", Access::user, with(p, create_form));
  r.post("/app/projects/{id}/title", Access::user, with(p, rename_form));
  r.post("/app/projects/{id}/delete", Access::user, with(p, delete_form));
  r.stream(Method::post, "/app/projects/{id}/inputs", Access::user, with(p, upload_form), upload);
  r.post("/app/projects/{id}/fields", Access::user, with(p, fields_form));
  r.post("/app/projects/{id}/inputs/{asset}/delete", Access::user, with(p, delete_input_form));
}

}  // namespace projects
