#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <utility>

#include "core/text.h"
#include "html/format.h"
#include "html/html.h"
#include "site/site.h"

namespace site {
namespace {

using core::Task;

constexpr std::int64_t kLow = 5;  // credits: below this the page shows a warning

html::Rows rows(const std::vector<RunningJob>& jobs) {
  html::Rows out;
  for (const RunningJob& job : jobs)
    out.push_back(html::Data{}
                      .set("id", job.project.str())
                      .set("job", job.id.str())
                      .set("title", job.title)
                      .set("status", core::lower(job.status))
                      .set("status_word", job.status)
                      .set("progress", std::to_string(job.progress)));
  return out;
}

html::Rows rows(const std::vector<RecentProject>& projects, const std::string& locale) {
  html::Rows out;
  for (const RecentProject& project : projects)
    out.push_back(html::Data{}
                      .set("id", project.id.str())
                      .set("title", project.title)
                      .set("status", core::lower(project.status))
                      .set("updated", html::when(project.updated, locale)));
  return out;
}

Task<bool> has_result(const DashboardSource& source, const http::Request& rq,
                      const std::vector<RecentProject>& recent) {
  if (std::ranges::any_of(recent, [](const RecentProject& p) { return p.status == "ready"; })) co_return true;
  if (recent.empty()) co_return false;
  co_return co_await source.any_ready(rq);
}

// The checklist of a new user.
html::Rows first_steps(const std::vector<RecentProject>& recent, bool running) {
  html::Rows rows;
  const auto step = [&](const char* key, const char* href, bool done) {
    rows.push_back(html::Data{}.set("key", key).set("href", href).set("done", done));
  };
  step("confirm", "", true);
  step("project", "/app/projects/new", !recent.empty());
  const std::string project = recent.empty() ? "" : "/app/projects/" + recent.front().id.str();
  step("job", project.c_str(), running);
  return rows;
}

// The chart's figures as a table for screen readers.
html::Rows days_of(const std::vector<std::int64_t>& spent, core::Time today, const std::string& locale) {
  html::Rows rows;
  core::Time day = today - std::chrono::days{static_cast<std::int64_t>(spent.size())};
  for (const std::int64_t n : spent) {
    day += std::chrono::days{1};
    rows.push_back(html::Data{}.set("day", html::day(day, locale)).set("n", html::number(n, locale)));
  }
  return rows;
}

void add_usage(const std::vector<std::int64_t>& spent, core::Time today, const std::string& locale, html::Data& data) {
  const std::int64_t sum = std::accumulate(spent.begin(), spent.end(), std::int64_t{0});
  const std::string label = html::pluralize(locale, "site.dashboard.used_chart", sum);
  data.set("used", html::number(sum, locale)).set("chart", html::bars(spent, label));
  data.set("used_days", days_of(spent, today, locale));
}

Task<http::Response> dashboard(const DashboardSource& source, http::Request& rq) {
  const std::int64_t balance = co_await source.balance(rq);
  const std::vector<RunningJob> running = co_await source.running(rq);
  const std::vector<RecentProject> recent = co_await source.recent(rq);
  const std::vector<std::int64_t> spent = co_await source.spent(rq);
  const std::string tier = co_await source.tier(rq);
  const std::string locale = html::locale_of(rq);
  html::Data data;
  data.set("title", "site.dashboard.title");
  data.set("balance", html::number(balance, locale)).set("balance_exact", std::to_string(balance));
  data.set("owed", balance < 0).set("low", balance >= 0 && balance < kLow && !recent.empty());
  data.set("running_count", html::number(static_cast<std::int64_t>(running.size()), locale));
  data.set("any_running", !running.empty()).set("running", rows(running));
  data.set("projects", rows(recent, locale)).set("first_visit", recent.empty());
  const bool newcomer = !co_await has_result(source, rq, recent);
  html::Rows steps = newcomer ? first_steps(recent, !running.empty()) : html::Rows{};
  data.set("starting", !steps.empty()).set("first_steps", std::move(steps));
  add_usage(spent, source.now(), locale, data);
  data.set("plan", html::text(locale, "site.plan." + (tier.empty() ? "none" : tier) + ".name"));
  if (!running.empty()) data.set("refresh", "5");
  co_return html::page(rq, "site/dashboard", std::move(data));
}

}  // namespace

void mount(http::Router& router, DashboardSource source) {
  const auto shared = std::make_shared<const DashboardSource>(std::move(source));
  router.get("/app", http::Access::user, [shared](http::Request& rq) { return dashboard(*shared, rq); });
}

}  // namespace site
