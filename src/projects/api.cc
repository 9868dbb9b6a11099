#include "projects/api.h"

#include "core/json.h"
#include "core/text.h"
#include "projects/table.h"
#include "projects/upload.h"

namespace projects {

namespace {

void write(core::JsonWriter& w, const Project& project) {
  w.begin().field("id", project.id).field("user_id", project.user).field("title", project.title);
  w.field("status", project.status).field("next_job_id", project.next_job);
  w.field("created_at", core::rfc3339(project.created_at)).field("updated_at", core::rfc3339(project.updated_at));
  w.end();
}

void write(core::JsonWriter& w, const Asset& asset) {
  w.begin().field("id", asset.id).field("project_id", asset.project).field("user_id", asset.user);
  w.field("job_id", asset.job).field("type", asset.type).field("path", asset.path);
  w.key("meta").raw(asset.meta.text).field("created_at", core::rfc3339(asset.created_at)).end();
}

template <class Row>
http::Response one(const Row& row, int status = 200) {
  core::JsonWriter w;
  write(w, row);
  return http::json(w.take(), status);
}

template <class Row>
http::Response many(const std::vector<Row>& rows, int status = 200) {
  core::JsonWriter w;
  w.begin_array();
  for (const Row& row : rows) write(w, row);
  w.end_array();
  return http::json(w.take(), status);
}

core::Json object_in(const http::Request& rq) {
  core::Json body = rq.json();
  if (!body.is_object()) throw Refusal(400, "projects.not_an_object");
  return body;
}

std::string title_in(const core::Json& body) {
  const auto title = body["title"].string();
  if (!title) throw Refusal(400, "projects.invalid_title");
  return *title;
}

Refusal no_field(const InputRules& rules) {
  Refusal refusal(400, "projects.invalid_field.limit", {{"longest", static_cast<std::int64_t>(kLongestField)}});
  if (!rules.fields.empty()) refusal.code = "invalid_" + rules.fields.front();
  return refusal;
}

Filter filter_in(const http::Request& rq) {
  Filter filter;
  if (const auto limit = rq.query("limit")) filter.limit = core::parse_int(*limit).value_or(0);
  filter.status = std::string(rq.query("status").value_or(""));
  filter.text = std::string(core::trim(rq.query("q").value_or("")));
  filter.after = std::string(rq.query("after").value_or(""));
  return filter;
}

std::string next_link(const Filter& filter, const std::string& next) {
  std::string url = "/api/projects?limit=" + std::to_string(filter.limit);
  if (!filter.status.empty()) url += "&status=" + core::percent_encode(filter.status);
  if (!filter.text.empty()) url += "&q=" + core::percent_encode(filter.text);
  return "<" + url + "&after=" + next + ">; rel=\"next\"";
}

Task<http::Response> renamed(Projects& projects, http::Request& rq, std::string title) {
  const auto project = co_await rename(projects.db, rq.caller.user, rq.id<core::ProjectId>("id"), title);
  if (!project) http::throw_not_found();
  co_return one(*project);
}

}  // namespace

Task<http::Response> list_json(Projects& projects, http::Request& rq) {
  const Filter filter = filter_in(rq);
  const Page page = co_await list(projects.db, rq.caller.user, filter);
  http::Response response = many(page.items);
  if (!page.next.empty()) response.headers.set("Link", next_link(filter, page.next));
  co_return response;
}

Task<http::Response> create_json(Projects& projects, http::Request& rq) {
  const core::Json body = object_in(rq);
  const Project project = co_await create(projects, rq.caller.user, title_in(body));
  http::Response response = one(project, 201);
  response.headers.set("Location", "/api/projects/" + project.id.str());
  co_return response;
}

Task<http::Response> get_json(Projects& projects, http::Request& rq) {
  const auto project = co_await find(projects.db, rq.caller.user, rq.id<core::ProjectId>("id"));
  if (!project) http::throw_not_found();
  co_return one(*project);
}

// PATCH keeps what it does not name; PUT must name everything that can change.
Task<http::Response> patch_json(Projects& projects, http::Request& rq) {
  const core::Json body = object_in(rq);
  if (!body.has("title")) co_return co_await get_json(projects, rq);
  co_return co_await renamed(projects, rq, title_in(body));
}

Task<http::Response> put_json(Projects& projects, http::Request& rq) {
  const core::Json body = object_in(rq);
  co_return co_await renamed(projects, rq, title_in(body));
}

Task<http::Response> delete_json(Projects& projects, http::Request& rq) {
  const Removal outcome = co_await remove(projects.db, rq.caller.user, rq.id<core::ProjectId>("id"));
  if (outcome == Removal::no_project) http::throw_not_found();
  if (outcome == Removal::job_running) throw Refusal(409, "projects.job_running");
  co_return http::empty(204);
}

Task<http::Response> inputs_json(Projects& projects, http::Request& rq) {
  const auto held = co_await find_with_inputs(projects.db, rq.caller.user, rq.id<core::ProjectId>("id"));
  if (!held) http::throw_not_found();
  co_return many(held->inputs);
}

Task<http::Response> upload_json(Projects& projects, http::Request& rq) {
  const auto id = rq.id<core::ProjectId>("id");
  if (!co_await find(projects.db, rq.caller.user, id)) http::throw_not_found();
  auto files = co_await receive(projects, rq);
  const auto assets = co_await add(projects, rq.caller.user, id, std::move(files));
  co_return many(assets, 201);
}

Task<http::Response> fields_json(Projects& projects, http::Request& rq) {
  const core::Json body = object_in(rq);
  Fields fields;
  for (const std::string& name : projects.rules.fields)
    if (const auto text = body[name].string()) fields[name] = *text;
  if (fields.empty()) throw no_field(projects.rules);
  const Asset asset = co_await set_fields(projects, rq.caller.user, rq.id<core::ProjectId>("id"),
                                          rq.id<core::AssetId>("asset"), std::move(fields));
  co_return one(asset);
}

Task<http::Response> delete_input_json(Projects& projects, http::Request& rq) {
  co_await remove(projects, rq.caller.user, rq.id<core::ProjectId>("id"), rq.id<core::AssetId>("asset"));
  co_return http::empty(204);
}

}  // namespace projects
