// GET /app/events: one stream for whatever page a user has open.
//   job     {"job","project","status","progress","text","steps":{"render":"running"}}   when a job progressed
//   balance {"balance","text"}                                                            at first and when it changed
//   toast   {"text","href"}                                                               when a job has ended
// It looks at the newest jobs only, so its cost does not grow with the user's history.
#include <algorithm>
#include <map>

#include "billing/billing.h"
#include "core/problem.h"
#include "html/format.h"
#include "jobs/event_stream.h"
#include "jobs/subscriptions.h"
#include "jobs/views.h"

namespace jobs {
namespace {

constexpr std::chrono::seconds kBusyWait{4};
constexpr std::chrono::seconds kIdleWait{10};  // finds a payment that arrived, or a job that was started elsewhere

constexpr pg::Sql kCurrent{"jobs.current_read", R"sql(
  select j.id, j.project_id, p.title, j.status::text, j.progress, coalesce(j.error_code, ''), j.started_at,
         j.cancel_requested_at is not null,
         coalesce((select string_agg(s.name || ':' || s.state, ',' order by s.n) from public.job_steps s
                   where s.job_id = j.id and s.user_id = j.user_id), '')
    from (select * from public.jobs where user_id = $1 order by created_at desc, id desc limit 30) j
    join public.projects p on p.id = j.project_id and p.user_id = j.user_id
   where j.status in ('QUEUED', 'PROCESSING') or j.finished_at > now() - interval '2 minutes'
)sql"};
struct CurrentJob {  // in select order
  core::JobId job;
  core::ProjectId project;
  std::string title;
  std::string status;
  std::int32_t progress = 0;
  std::string error_code;
  std::optional<core::Time> started_at;
  bool cancel_requested = false;
  std::string steps;  // see steps_in()
  bool finished() const { return status == "READY" || status == "FAILED"; }
};
using Places = std::map<core::JobId, Place>;  // of queued jobs

Task<Places> places_in(pg::Db& db, const std::vector<CurrentJob>& all) {
  std::vector<core::JobId> queued;
  for (const CurrentJob& job : all)
    if (job.status == "QUEUED") queued.push_back(job.job);
  if (queued.empty()) co_return Places{};
  co_return co_await places_of(db, queued);
}

// Changes whenever the job's event would.
std::string stamp_of(const CurrentJob& job, const std::optional<Place>& place) {
  std::string stamp = job.status + std::to_string(job.progress) + job.steps;
  if (job.cancel_requested) stamp += " cancelling";
  if (place) stamp += " " + (place->waiting_for_own ? "parked" : std::to_string(place->ahead));
  return stamp;
}

class UserEvents : public EventSource {
 public:
  UserEvents(Jobs& jobs, core::UserId user, std::string locale)
      : jobs_(jobs), user_(user), locale_(std::move(locale)), wakeup_(jobs.subscriptions->subscribe({})) {}

  Task<Next> send_changes(http::EventStream& out) override {
    const auto all = co_await jobs_.db.as(user_).many<CurrentJob>(kCurrent, user_);
    co_await send_jobs(all, out);
    co_await send_balance(out);
    try {
      subscribe_to(all);
    } catch (const core::Problem&) {
      co_return Next::close;  // too many subscribers: the page reconnects later
    }
    first_ = false;
    co_return Next::wait;
  }
  std::shared_ptr<core::Event> wakeup() const override { return wakeup_; }
  std::chrono::seconds longest_wait() const override { return subscribed_.empty() ? kIdleWait : kBusyWait; }

 private:
  Task<> send_jobs(const std::vector<CurrentJob>& all, http::EventStream& out);
  Task<> send_balance(http::EventStream& out);
  std::string job_data(const CurrentJob& job, const std::optional<Place>& place) const;
  Task<std::string> toast_data(const CurrentJob& job) const;
  void subscribe_to(const std::vector<CurrentJob>& all);

  Jobs& jobs_;
  core::UserId user_;
  std::string locale_;
  std::shared_ptr<core::Event> wakeup_;
  std::vector<core::JobId> subscribed_;
  std::map<core::JobId, std::string> sent_;  // stamp by job
  std::optional<std::int64_t> balance_;
  bool first_ = true;
};

std::string UserEvents::job_data(const CurrentJob& job, const std::optional<Place>& place) const {
  core::JsonWriter w;
  w.begin().field("job", job.job).field("project", job.project).field("status", job.status);
  w.field("progress", job.progress).key("steps").begin();
  Doing doing{job.cancel_requested, place, "", job.progress, 0};
  for (const auto& [name, state] : steps_in(job.steps)) {
    w.field(name, state);
    if (state == kRunning) doing.step = name;
  }
  if (job.started_at)
    doing.seconds_so_far = core::unix_seconds(jobs_.clock.now()) - core::unix_seconds(*job.started_at);
  w.end().field("text", doing_text(locale_, doing)).end();
  return w.take();
}

Task<std::string> UserEvents::toast_data(const CurrentJob& job) const {
  const std::string key = job.status == "READY"           ? "jobs.live.ready"
                          : job.error_code == "CANCELLED" ? "jobs.live.cancelled"
                                                          : "jobs.live.failed";
  std::string text = html::text(locale_, key, {{"title", job.title}});
  const std::int64_t returned = co_await billing::released_credits(jobs_.db, user_, job.job);
  if (returned > 0) text += " " + returned_text(locale_, returned);
  core::JsonWriter w;
  w.begin().field("text", text).field("href", "/app/projects/" + job.project.str()).end();
  co_return w.take();
}

Task<> UserEvents::send_jobs(const std::vector<CurrentJob>& all, http::EventStream& out) {
  const Places places = co_await places_in(jobs_.db, all);
  std::map<core::JobId, std::string> stamps;
  for (const CurrentJob& job : all) {
    const auto at = places.find(job.job);
    const std::optional<Place> place = at == places.end() ? std::nullopt : std::optional(at->second);
    const std::string stamp = stamp_of(job, place);
    stamps[job.job] = stamp;
    const auto before = sent_.find(job.job);
    if (before != sent_.end() && before->second == stamp) continue;
    const std::string data = job_data(job, place);
    co_await out.send("job", data);
    if (first_ || !job.finished()) continue;
    const std::string toast = co_await toast_data(job);
    co_await out.send("toast", toast);
  }
  sent_ = std::move(stamps);
}

Task<> UserEvents::send_balance(http::EventStream& out) {
  const std::int64_t now = co_await billing::balance(jobs_.db, user_);
  if (balance_ == now) co_return;
  balance_ = now;
  core::JsonWriter w;
  w.begin().field("balance", now).field("text", html::number(now, locale_)).end();
  const std::string data = w.take();
  co_await out.send("balance", data);
}

void UserEvents::subscribe_to(const std::vector<CurrentJob>& all) {
  std::vector<core::JobId> unfinished;
  for (const CurrentJob& job : all)
    if (!job.finished()) unfinished.push_back(job.job);
  std::ranges::sort(unfinished);
  if (unfinished == subscribed_) return;
  wakeup_.reset();  // gives up the old place first
  wakeup_ = jobs_.subscriptions->subscribe(unfinished);
  subscribed_ = std::move(unfinished);
}

}  // namespace

Task<http::Response> user_events(Jobs& jobs, http::Request& rq) {
  co_return stream(std::make_shared<UserEvents>(jobs, rq.caller.user, html::locale_of(rq)));
}

}  // namespace jobs
