// /app/events: one stream for whatever page a person has open.
//   job     {"job","project","status","progress","text","steps":{"render":"running"}}   when it moved
//   balance {"balance","text"}                                                            at first, and when it changed
//   toast   {"text","href"}                                                               when a job ended meanwhile
// Only the newest jobs are looked at, so the cost does not grow with a person's history.
#include <algorithm>
#include <map>

#include "billing/billing.h"
#include "core/problem.h"
#include "core/task_context.h"
#include "core/text.h"
#include "html/format.h"
#include "jobs/events.h"
#include "jobs/views.h"

namespace jobs {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::seconds kBusyPause{4};   // a notice may be lost
constexpr std::chrono::seconds kIdlePause{10};  // a payment arrived, a job was started elsewhere
constexpr std::chrono::seconds kHeartbeatEvery{15};

constexpr pg::Sql kNews{"jobs.news_read", R"sql(
  select j.id, j.project_id, p.title, j.status::text, j.progress, coalesce(j.error_code, ''), j.started_at,
         j.cancel_requested_at is not null,
         coalesce((select string_agg(s.name || ':' || s.state, ',' order by s.n) from public.job_steps s
                   where s.job_id = j.id and s.user_id = j.user_id), '')
    from (select * from public.jobs where user_id = $1 order by created_at desc, id desc limit 30) j
    join public.projects p on p.id = j.project_id and p.user_id = j.user_id
   where j.status in ('QUEUED', 'PROCESSING') or j.finished_at > now() - interval '2 minutes'
)sql"};
struct News {  // in select order
  core::JobId job;
  core::ProjectId project;
  std::string title;
  std::string status;
  std::int32_t progress = 0;
  std::string error_code;
  std::optional<core::Time> started_at;
  bool cancel_requested = false;
  std::string steps;  // "probe:done,captions:running"
  bool finished() const { return status == "READY" || status == "FAILED"; }
};
using Places = std::map<core::JobId, Place>;  // of the jobs that wait

struct Reader {
  Jobs& jobs;
  core::UserId user;
  std::string locale;
  std::shared_ptr<core::Event> bell;
  std::vector<core::JobId> followed;
  std::map<core::JobId, std::string> told;  // stamp by job; of unfinished jobs and those that ended just now
  std::optional<std::int64_t> balance;
};

Task<Places> places_in(Jobs& jobs, const std::vector<News>& all) {
  std::vector<core::JobId> waiting;
  for (const News& news : all)
    if (news.status == "QUEUED") waiting.push_back(news.job);
  if (waiting.empty()) co_return Places{};
  co_return co_await places_of(jobs.db, waiting);
}

// Two of the same tell the same.
std::string stamp_of(const News& news, const std::optional<Place>& place) {
  std::string stamp = news.status + std::to_string(news.progress) + news.steps;
  if (news.cancel_requested) stamp += " cancelling";
  if (place) stamp += " " + (place->waiting_for_own ? "parked" : std::to_string(place->ahead));
  return stamp;
}

std::string job_data(const Reader& reader, const News& news, const std::optional<Place>& place) {
  core::JsonWriter w;
  w.begin().field("job", news.job).field("project", news.project).field("status", news.status);
  w.field("progress", news.progress).key("steps").begin();
  Doing doing{news.cancel_requested, place, "", news.progress, 0};
  for (const std::string_view item : core::split(news.steps, ',')) {
    const std::size_t colon = item.find(':');
    if (colon == std::string_view::npos) continue;
    w.field(item.substr(0, colon), item.substr(colon + 1));
    if (item.substr(colon + 1) == "running") doing.step = item.substr(0, colon);
  }
  if (news.started_at)
    doing.seconds_so_far = core::unix_seconds(reader.jobs.clock.now()) - core::unix_seconds(*news.started_at);
  w.end().field("text", doing_text(reader.locale, doing)).end();
  return w.take();
}

Task<std::string> toast_data(const Reader& reader, const News& news) {
  const std::string key = news.status == "READY"           ? "jobs.live.ready"
                          : news.error_code == "CANCELLED" ? "jobs.live.cancelled"
                                                           : "jobs.live.failed";
  std::string said = html::text(reader.locale, key, {{"title", news.title}});
  const std::int64_t back = co_await billing::released_credits(reader.jobs.db, reader.user, news.job);
  if (back > 0) said += " " + returned_text(reader.locale, back);
  core::JsonWriter w;
  w.begin().field("text", said);
  w.field("href", "/app/projects/" + news.project.str()).end();
  co_return w.take();
}

Task<> tell_jobs(Reader& reader, const std::vector<News>& all, bool first, http::EventStream& out) {
  const Places places = co_await places_in(reader.jobs, all);
  std::map<core::JobId, std::string> told;
  for (const News& news : all) {
    const auto before = reader.told.find(news.job);
    const bool known = before != reader.told.end();
    const auto at = places.find(news.job);
    const std::optional<Place> place = at == places.end() ? std::nullopt : std::optional(at->second);
    const std::string stamp = stamp_of(news, place);
    told[news.job] = stamp;
    if (known && before->second == stamp) continue;
    const std::string data = job_data(reader, news, place);
    co_await out.send("job", data);
    if (first || !news.finished()) continue;
    const std::string toast = co_await toast_data(reader, news);
    co_await out.send("toast", toast);
  }
  reader.told = std::move(told);
}

Task<> tell_balance(Reader& reader, http::EventStream& out) {
  const std::int64_t now = co_await billing::balance(reader.jobs.db, reader.user);
  if (reader.balance == now) co_return;
  reader.balance = now;
  core::JsonWriter w;
  w.begin().field("balance", now).field("text", html::number(now, reader.locale)).end();
  const std::string data = w.take();
  co_await out.send("balance", data);
}

// The bell rings for the jobs that are unfinished now. False when too many listen.
bool follow(Reader& reader, const std::vector<News>& all) {
  std::vector<core::JobId> wanted;
  for (const News& news : all)
    if (!news.finished()) wanted.push_back(news.job);
  std::ranges::sort(wanted);
  if (reader.bell && wanted == reader.followed) return true;
  reader.bell.reset();
  reader.bell = reader.jobs.hub->follow(wanted);
  reader.followed = std::move(wanted);
  return reader.bell != nullptr;
}

Task<> stream(Reader reader, http::EventStream& out) {
  Steady::time_point heartbeat_at = Steady::now() + kHeartbeatEvery;
  for (bool first = true; !core::task_context()->stop.stop_requested();) {
    try {
      const std::vector<News> all = co_await reader.jobs.db.as(reader.user).many<News>(kNews, reader.user);
      co_await tell_jobs(reader, all, first, out);
      co_await tell_balance(reader, out);
      if (!follow(reader, all)) co_return;
      first = false;
    } catch (const pg::Unavailable&) {
      // The page stays as it is until the database is back.
    }
    co_await reader.bell->wait(reader.followed.empty() ? kIdlePause : kBusyPause);
    if (Steady::now() >= heartbeat_at) {
      heartbeat_at = Steady::now() + kHeartbeatEvery;
      co_await out.comment();
    }
  }
}

}  // namespace

Task<http::Response> news(Jobs& jobs, http::Request& rq) {
  std::shared_ptr<core::Event> bell = jobs.hub->follow(std::vector<core::JobId>{});
  if (!bell) {
    core::Problem busy(503, "busy", html::text("en", "jobs.problem.busy"));
    busy.headers.emplace_back("Retry-After", "5");
    throw busy;
  }
  const Reader reader{jobs, rq.caller.user, html::locale_of(rq), std::move(bell), {}, {}, {}};
  co_return http::events([reader](http::EventStream& out) { return stream(reader, out); });
}

}  // namespace jobs
