// GET /api/jobs/{id}/events: the progress of one job.
//   progress {"progress","status","step","text"}   step {"step","state"}   done {…}, and the stream ends
#include "core/problem.h"
#include "html/html.h"
#include "jobs/event_stream.h"
#include "jobs/read.h"
#include "jobs/subscriptions.h"
#include "jobs/views.h"

namespace jobs {
namespace {

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
  std::string steps;  // see steps_in()
  bool finished() const { return status == "READY" || status == "FAILED"; }
  // Compared with Last-Event-ID: equal ids mean that nothing is new.
  std::string id() const {
    std::string letters;
    for (const auto& [name, state] : steps_in(steps)) letters += state.substr(0, 1);
    return std::to_string(progress) + "-" + status + "-" + letters;
  }
};

Task<std::optional<State>> read_state(pg::Db& db, core::UserId user, core::JobId job) {
  co_return co_await db.as(user).maybe<State>(kState, job, user);
}

std::string progress_data(const std::string& locale, const State& state, const std::string& running) {
  core::JsonWriter w;
  w.begin().field("progress", state.progress).field("status", state.status).field("step", running);
  const std::string text = state.status == "QUEUED" ? html::text(locale, "projects.status.queued")
                           : running.empty()        ? html::text(locale, "jobs.live.working")
                                                    : step_label(locale, running);
  w.field("text", text).end();
  return w.take();
}

class JobEvents : public EventSource {
 public:
  JobEvents(Jobs& jobs, core::UserId user, core::JobId job, std::string locale, std::string last_id)
      : db_(jobs.db),
        user_(user),
        job_(job),
        locale_(std::move(locale)),
        sent_id_(std::move(last_id)),
        wakeup_(jobs.subscriptions->subscribe({job})) {}

  Task<Next> send_changes(http::EventStream& out) override {
    const std::optional<State> state = co_await read_state(db_, user_, job_);
    if (!state) co_return Next::close;  // deleted
    if (state->id() != sent_id_) {
      std::string running;
      co_await send_steps(*state, running, out);
      const std::string data = progress_data(locale_, *state, running);
      sent_id_ = state->id();
      co_await out.send(state->finished() ? "done" : "progress", data, sent_id_);
    }
    co_return state->finished() ? Next::close : Next::wait;
  }
  std::shared_ptr<core::Event> wakeup() const override { return wakeup_; }
  std::chrono::seconds longest_wait() const override { return std::chrono::seconds(5); }

 private:
  Task<> send_steps(const State& state, std::string& running, http::EventStream& out) {
    for (const auto& [name, step_state] : steps_in(state.steps)) {
      if (step_state == kRunning) running = name;
      if (sent_steps_[name] == step_state) continue;
      sent_steps_[name] = step_state;
      core::JsonWriter w;
      w.begin().field("step", name).field("state", step_state).end();
      const std::string data = w.take();
      co_await out.send("step", data);
    }
  }

  pg::Db& db_;
  core::UserId user_;
  core::JobId job_;
  std::string locale_;
  std::string sent_id_;
  std::map<std::string, std::string> sent_steps_;  // state by step
  std::shared_ptr<core::Event> wakeup_;
};

}  // namespace

Task<http::Response> job_events(Jobs& jobs, http::Request& rq) {
  const auto id = rq.id<core::JobId>("id");
  const std::optional<State> state = co_await read_state(jobs.db, rq.caller.user, id);
  if (!state) http::throw_not_found();
  const std::string last(rq.header("last-event-id"));
  // 204 keeps an EventSource from reconnecting: it has seen the end.
  if (state->finished() && state->id() == last) co_return http::empty(204);
  co_return stream(std::make_shared<JobEvents>(jobs, rq.caller.user, id, html::locale_of(rq), last));
}

}  // namespace jobs
