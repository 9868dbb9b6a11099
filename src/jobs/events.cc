#include "jobs/events.h"

#include "core/problem.h"
#include "core/task_context.h"
#include "html/html.h"
#include "jobs/read.h"
#include "jobs/views.h"

namespace jobs {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::seconds kReadAtLeastEvery{5};  // a notice may be lost
constexpr std::chrono::seconds kHeartbeatEvery{15};

constexpr pg::Sql kState{"jobs.state_read", R"sql(
  select j.status::text, j.progress, coalesce(j.error_code, ''),
         coalesce((select string_agg(s.name || ':' || s.state, ',' order by s.n) from public.job_steps s
                   where s.job_id = j.id and s.user_id = j.user_id), '')
  from public.jobs j where j.id = $1 and j.user_id = $2
)sql"};
struct State {
  std::string status;
  std::int32_t progress = 0;
  std::string error_code;
  std::string steps;  // "probe:done,captions:running"
  bool finished() const { return status == "READY" || status == "FAILED"; }
  // What Last-Event-ID is compared with: equal ids, nothing new.
  std::string id() const {
    std::string letters;
    for (std::size_t at = 0; (at = steps.find(':', at)) != std::string::npos; ++at) letters += steps[at + 1];
    return std::to_string(progress) + "-" + status + "-" + letters;
  }
};

struct Follower {
  pg::Db& db;
  core::UserId user;
  core::JobId job;
  std::string locale;
  std::shared_ptr<core::Event> bell;
  std::string sent_id;
  std::map<std::string, std::string> seen;  // state by step
};

std::string progress_data(const Follower& f, const State& state, const std::string& running) {
  core::JsonWriter w;
  w.begin().field("progress", state.progress).field("status", state.status).field("step", running);
  const std::string text = state.status == "QUEUED" ? html::text(f.locale, "jobs.live.queued")
                           : running.empty()        ? html::text(f.locale, "jobs.live.working")
                                                    : step_label(f.locale, running);
  w.field("text", text).end();
  return w.take();
}

Task<> tell_steps(Follower& f, const State& state, std::string& running, http::EventStream& out) {
  std::string_view left = state.steps;
  while (!left.empty()) {
    const std::string_view item = left.substr(0, left.find(','));
    left.remove_prefix(std::min(left.size(), item.size() + 1));
    const std::string name(item.substr(0, item.find(':')));
    const std::string step_state(item.substr(name.size() + 1));
    if (step_state == "running") running = name;
    if (f.seen[name] == step_state) continue;
    f.seen[name] = step_state;
    core::JsonWriter w;
    w.begin().field("step", name).field("state", step_state).end();
    const std::string data = w.take();
    co_await out.send("step", data);
  }
}

Task<> stream(Follower f, http::EventStream& out) {
  Steady::time_point heartbeat_at = Steady::now() + kHeartbeatEvery;
  while (!core::task_context()->stop.stop_requested()) {
    std::optional<State> state;
    bool outage = false;
    try {
      state = co_await f.db.as(f.user).maybe<State>(kState, f.job, f.user);
    } catch (const pg::Unavailable&) {
      outage = true;
    }
    if (!outage && !state) co_return;  // deleted meanwhile
    if (state && state->id() != f.sent_id) {
      std::string running;
      co_await tell_steps(f, *state, running, out);
      const std::string data = progress_data(f, *state, running);
      f.sent_id = state->id();
      co_await out.send(state->finished() ? "done" : "progress", data, f.sent_id);
    }
    if (state && state->finished()) co_return;
    co_await f.bell->wait(kReadAtLeastEvery);
    if (Steady::now() >= heartbeat_at) {
      heartbeat_at = Steady::now() + kHeartbeatEvery;
      co_await out.comment();
    }
  }
}

}  // namespace

Jobs::Hub::Hub(pg::Listener& listener)
    : subscription_(listener.subscribe("tenon_progress", [this](std::string_view payload) { ring(payload); })) {}

void Jobs::Hub::ring(std::string_view payload) {
  const auto job = core::JobId::parse(payload);
  const auto [from, to] = job ? waiting_.equal_range(*job) : std::pair(waiting_.begin(), waiting_.end());
  for (auto it = from; it != to; ++it)
    if (const auto bell = it->second.lock()) bell->set();
}

std::shared_ptr<core::Event> Jobs::Hub::follow(const std::vector<core::JobId>& jobs) {
  if (count_ >= kMostFollowers) return nullptr;
  ++count_;
  std::vector<decltype(waiting_)::iterator> places;
  for (const core::JobId job : jobs) places.push_back(waiting_.emplace(job, std::weak_ptr<core::Event>()));
  const auto leave = [this, places, alive = std::weak_ptr<bool>(alive_)](core::Event* bell) {
    if (!alive.expired()) {
      for (const auto place : places) waiting_.erase(place);
      --count_;
    }
    delete bell;
  };
  std::shared_ptr<core::Event> bell(new core::Event, leave);
  for (const auto place : places) place->second = bell;
  return bell;
}

Task<http::Response> events(Jobs& jobs, http::Request& rq) {
  const auto id = rq.id<core::JobId>("id");
  const std::optional<State> state = co_await jobs.db.as(rq.caller.user).maybe<State>(kState, id, rq.caller.user);
  if (!state) http::throw_not_found();
  const std::string last(rq.header("last-event-id"));
  // 204 tells an EventSource to stay away: it has heard the end.
  if (state->finished() && state->id() == last) co_return http::empty(204);
  std::shared_ptr<core::Event> bell = jobs.hub->follow(id);
  if (!bell) {
    core::Problem busy(503, "busy", html::text("en", "jobs.problem.busy"));
    busy.headers.emplace_back("Retry-After", "5");
    throw busy;
  }
  const Follower follower{jobs.db, rq.caller.user, id, html::locale_of(rq), std::move(bell), last, {}};
  co_return http::events([follower](http::EventStream& out) { return stream(follower, out); });
}

}  // namespace jobs
