// A world with projects under the rules of the sample pipeline, and images that are only headers.
#pragma once

#include <string>
#include <vector>

#include "integration/storage/support/world.h"
#include "pipeline/pipeline.h"
#include "projects/inputs.h"
#include "projects/projects.h"

namespace projects_test {

using http::Method;
using world::Answer;
using world::Call;

inline std::string png(int width = 640, int height = 480, const std::string& rest = "pixels") {
  std::string out("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  for (const int n : {width, height})
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(n >> shift);
  return out + std::string("\x08\x02\0\0\0", 5) + rest;
}

struct Part {
  std::string name;
  std::string filename;  // empty: a field
  std::string body;
};

inline std::string form(const std::vector<Part>& parts) {
  std::string out;
  for (const Part& part : parts) {
    out += "--BOUNDARY\r\nContent-Disposition: form-data; name=\"" + part.name + "\"";
    if (!part.filename.empty()) out += "; filename=\"" + part.filename + "\"\r\nContent-Type: image/jpeg";
    out += "\r\n\r\n" + part.body + "\r\n";
  }
  return out + "--BOUNDARY--\r\n";
}

class ProjectsApp : public world::World {
 public:
  ProjectsApp() : projects{loop, db(), storage(), clock, pipeline::product().inputs} {
    router.group("/api", {.errors = html::api_error});
    projects::mount(router, projects);
  }

  Answer api(core::UserId who, Method method, const std::string& path, const std::string& body = "") {
    return call(Call{.method = method,
                     .target = "/api/projects" + path,
                     .caller = world::user(who),
                     .headers = {{"Content-Type", "application/json"}},
                     .body = body});
  }
  Answer send_form(core::UserId who, const std::string& path, const std::string& body = "") {
    return call(Call{.method = Method::post,
                     .target = "/app/projects" + path,
                     .caller = world::user(who),
                     .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                     .body = body});
  }
  Answer upload(core::UserId who, const std::string& project, const std::vector<Part>& parts,
                const std::string& below = "/api/projects/") {
    return call(Call{.method = Method::post,
                     .target = below + project + "/inputs",
                     .caller = world::user(who),
                     .headers = {{"Content-Type", "multipart/form-data; boundary=BOUNDARY"}},
                     .body = form(parts)});
  }
  std::string make(core::UserId who, const std::string& title = "Summer") {
    const Answer made = api(who, Method::post, "", R"({"title":")" + title + "\"}");
    REQUIRE(made.status == 201);
    return made.json()["id"].string_or("");
  }
  std::string code(const Answer& answer) const { return answer.json()["code"].string_or("(none)"); }

  projects::Projects projects;
};

}  // namespace projects_test
