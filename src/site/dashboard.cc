#include <memory>
#include <utility>

#include "core/text.h"
#include "html/format.h"
#include "html/html.h"
#include "site/site.h"

namespace site {
namespace {

using core::Task;

html::Rows rows(const std::vector<RunningJob>& jobs) {
  html::Rows out;
  for (const RunningJob& job : jobs)
    out.push_back(html::Data{}
                      .set("id", job.project.str())
                      .set("job", job.id.str())
                      .set("title", job.title)
                      .set("status", core::lower(job.status))
                      .set("progress", std::to_string(job.progress)));
  return out;
}

html::Rows rows(const std::vector<RecentProject>& projects) {
  html::Rows out;
  for (const RecentProject& project : projects)
    out.push_back(html::Data{}
                      .set("id", project.id.str())
                      .set("title", project.title)
                      .set("status", core::lower(project.status))
                      .set("updated", html::when(project.updated)));
  return out;
}

Task<http::Response> dashboard(const DashboardSource& source, http::Request& rq) {
  const std::int64_t balance = co_await source.balance(rq);
  const std::vector<RunningJob> running = co_await source.running(rq);
  const std::vector<RecentProject> recent = co_await source.recent(rq);
  html::Data data;
  data.set("title", "site.dashboard.title").set("wide", true);
  data.set("balance", html::number(balance)).set("owed", balance < 0);
  data.set("running_count", std::to_string(running.size()));
  data.set("running", rows(running)).set("projects", rows(recent)).set("first_visit", recent.empty());
  if (!running.empty()) data.set("live", true).set("refresh", "5");
  co_return html::page(rq, "site/dashboard", std::move(data));
}

}  // namespace

void mount(http::Router& router, DashboardSource source) {
  const auto shared = std::make_shared<const DashboardSource>(std::move(source));
  router.get("/app", http::Who::user, [shared](http::Request& rq) { return dashboard(*shared, rq); });
}

}  // namespace site
