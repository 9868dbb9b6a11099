#include "projects/pages.h"

#include <algorithm>

#include "core/text.h"
#include "html/format.h"
#include "html/messages.h"
#include "projects/table.h"
#include "projects/upload.h"

namespace projects {

namespace {

constexpr std::string_view kList = "/app/projects";

std::string page_of(core::ProjectId id) { return "/app/projects/" + id.str(); }

http::Response back_with(core::ProjectId id, const Refusal& refusal) {
  return http::redirect(page_of(id) + "?problem=" + problem_key(refusal));
}

// A refused form shows the title as it was typed, and what is wrong with the title or a file.
struct Refused {
  std::string title;
  std::string title_error;
  std::string files_error;
};

http::Response new_form(const Projects& projects, const http::Request& rq, const Refused& before, int status) {
  html::Data data;
  data.set("title", "projects.new.title").set("narrow", true).set("upload", true);
  set_upload_rules(projects.rules, html::locale_of(rq), data);
  data.set("value", before.title).set("title_error", before.title_error).set("files_error", before.files_error);
  return html::page(rq, "projects/new", std::move(data), status);
}

html::Rows tabs_of(const Filter& filter, std::string_view locale) {
  html::Rows tabs;
  for (const std::string status : {"", "draft", "processing", "ready", "failed"}) {
    html::Data tab;
    std::string url = std::string(kList);
    if (!status.empty()) url += "?status=" + status;
    if (!filter.text.empty()) url += (status.empty() ? "?q=" : "&q=") + core::percent_encode(filter.text);
    tab.set("url", url).set("current", filter.status == status);
    tab.set("label", html::text(locale, status.empty() ? "projects.list.every_status" : "projects.status." + status));
    tabs.push_back(std::move(tab));
  }
  return tabs;
}

std::string more_url(const Filter& filter, const std::string& next) {
  std::string url = std::string(kList) + "?after=" + next;
  if (!filter.status.empty()) url += "&status=" + core::percent_encode(filter.status);
  if (!filter.text.empty()) url += "&q=" + core::percent_encode(filter.text);
  return url;
}

html::Data list_view(const Filter& filter, const Page& page, std::string_view locale) {
  html::Rows rows;
  for (const Project& project : page.items) rows.push_back(project_view(project, locale));
  const bool filtered = !filter.status.empty() || !filter.text.empty() || !filter.after.empty();
  html::Data data;
  data.set("title", "projects.list.title");
  if (!filter.status.empty()) data.set("title_state", "projects.status." + filter.status);
  data.set("none", page.items.empty() && !filtered).set("none_match", page.items.empty() && filtered);
  data.set("search", filter.text).set("status_filter", filter.status);
  data.set("any", !page.items.empty()).set("tabs", tabs_of(filter, locale)).set("projects", std::move(rows));
  data.set("more", page.next.empty() ? "" : more_url(filter, page.next));
  if (std::ranges::find(page.items, "processing", &Project::status) != page.items.end()) data.set("refresh", "5");
  return data;
}

}  // namespace

std::string problem_key(const core::Problem& problem) {
  const auto parts = core::split(problem.text_key, '.');  // module, "problem", code, and perhaps a detail
  return parts.size() < 3 ? "" : std::string(parts[0]) + "." + std::string(parts[2]);
}

Task<http::Response> list_page(Projects& projects, http::Request& rq) {
  Filter filter;
  filter.status = std::string(rq.query("status").value_or(""));
  filter.text = std::string(core::trim(rq.query("q").value_or("")));
  filter.after = std::string(rq.query("after").value_or(""));
  const Page page = co_await list(projects.db, rq.caller.user, filter);
  co_return html::page(rq, "projects/list", list_view(filter, page, html::locale_of(rq)));
}

Task<http::Response> new_page(Projects& projects, http::Request& rq) { co_return new_form(projects, rq, {}, 200); }

Task<http::Response> create_form(Projects& projects, http::Request& rq) {
  Refused refused{.title = std::string(rq.form("title"))};
  try {
    const Project project = co_await create(projects, rq.caller.user, refused.title);
    co_return http::redirect(page_of(project.id));
  } catch (const Refusal& refusal) {
    refused.title_error = html::message(html::locale_of(rq), refusal);
  }
  co_return new_form(projects, rq, refused, 422);
}

Task<http::Response> create_with_files_form(Projects& projects, http::Request& rq) {
  NewProject sent = co_await receive_new(projects, rq);
  if (sent.refusal) {
    const std::string message = html::message(html::locale_of(rq), *sent.refusal);
    const bool title = sent.about == NewProject::About::title;
    co_return new_form(projects, rq, {sent.title, title ? message : "", title ? "" : message}, 422);
  }
  const Project project = co_await create_with(projects, rq.caller.user, sent.title, std::move(sent.files));
  co_return http::redirect(page_of(project.id));
}

Task<http::Response> rename_form(Projects& projects, http::Request& rq) {
  const auto id = rq.id<core::ProjectId>("id");
  const std::string title(rq.form("title"));
  try {
    if (!co_await rename(projects.db, rq.caller.user, id, title)) http::throw_not_found();
  } catch (const Refusal& refusal) {
    co_return back_with(id, refusal);
  }
  co_return http::redirect(page_of(id));
}

Task<http::Response> delete_form(Projects& projects, http::Request& rq) {
  const auto id = rq.id<core::ProjectId>("id");
  const Removal outcome = co_await remove(projects.db, rq.caller.user, id);
  if (outcome == Removal::no_project) http::throw_not_found();
  if (outcome == Removal::job_running) co_return back_with(id, Refusal(409, "projects.job_running"));
  co_return http::redirect(std::string(kList) + "?notice=projects.deleted");
}

Task<http::Response> upload_form(Projects& projects, http::Request& rq) {
  const auto id = rq.id<core::ProjectId>("id");
  if (!co_await find(projects.db, rq.caller.user, id)) http::throw_not_found();
  try {
    auto files = co_await receive(projects, rq);
    co_await add(projects, rq.caller.user, id, std::move(files));
  } catch (const Refusal& refusal) {
    co_return back_with(id, refusal);
  }
  co_return http::redirect(page_of(id) + "#inputs");
}

Task<http::Response> fields_form(Projects& projects, http::Request& rq) {
  const auto id = rq.id<core::ProjectId>("id");
  auto held = co_await find_with_inputs(projects.db, rq.caller.user, id);
  if (!held) http::throw_not_found();
  try {
    co_await save_fields(projects, *held, rq);
  } catch (const Refusal& refusal) {
    co_return back_with(id, refusal);
  }
  if (rq.query("then") == "credits") co_return http::redirect("/app/credits?project=" + id.str());
  co_return http::redirect(page_of(id) + "?notice=projects.fields_saved#inputs");
}

Task<http::Response> delete_input_form(Projects& projects, http::Request& rq) {
  const auto id = rq.id<core::ProjectId>("id");
  auto held = co_await find_with_inputs(projects.db, rq.caller.user, id);
  if (!held) http::throw_not_found();
  try {
    co_await save_fields(projects, *held, rq);
    co_await remove(projects, rq.caller.user, id, rq.id<core::AssetId>("asset"));
  } catch (const Refusal& refusal) {
    co_return back_with(id, refusal);
  }
  co_return http::redirect(page_of(id) + "#inputs");
}

}  // namespace projects
