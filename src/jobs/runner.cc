#include "jobs/runner.h"

#include <algorithm>
#include <filesystem>

#include "core/log.h"

namespace jobs {
namespace {

constexpr std::chrono::milliseconds kReportEvery{300};

int delay_seconds(int attempt) { return std::min(300, 2 << std::clamp(attempt, 0, 8)); }

}  // namespace

Runner::Runner(RunnerParts parts, ClaimedJob job, std::int64_t lease, std::string dir)
    : parts_(std::move(parts)),
      job_(std::move(job)),
      held_{job_.id, lease, job_.fence},
      host_(parts_.loop, parts_.db, parts_.storage, parts_.disk, parts_.config, job_, std::move(dir)) {}

void Runner::interrupt(Interrupt why) {
  if (interrupt_ == Interrupt::none || why == Interrupt::lost) interrupt_ = why;
  if (child_) child_->stop();
}

std::function<bool()> Runner::gone() const {
  return [this] { return interrupt_ == Interrupt::lost || interrupt_ == Interrupt::shutdown; };
}

Task<bool> Runner::run() {
  core::log::info("jobs.job.started",
                  {{"project", job_.project}, {"pipeline", job_.pipeline}, {"attempt", job_.attempt}});
  bool outage = false;
  try {
    const bool settled = co_await run_steps();
    co_return settled;
  } catch (const pg::Unavailable&) {
    outage = true;  // and the worker was told to stop or lost its lease: rescue() takes the job from here
  }
  if (outage) core::log::warn("jobs.job.left", {{"why", "the database cannot be reached"}});
  co_return false;
}

Task<bool> Runner::run_steps() {
  if (job_.cancel_requested) interrupt(Interrupt::cancelled);
  pipeline_ = find(parts_.pipelines, job_.pipeline);
  if (!pipeline_ || pipeline_->steps().empty()) co_return co_await settle_badly({"UNKNOWN_PIPELINE"}, nullptr);

  const auto read_done = [this] { return steps_done(parts_.db, job_.id); };
  const std::vector<StepDone> done = co_await patiently(gone(), read_done);
  const auto read_inputs = [this]() -> Task<bool> {
    co_await host_.find_inputs();
    co_return true;
  };
  co_await patiently(gone(), read_inputs);
  for (; n_ < pipeline_->steps().size(); ++n_) {
    const auto was = std::find_if(done.begin(), done.end(), [this](const StepDone& step) {
      return step.n == static_cast<std::int32_t>(n_) && step.name == pipeline_->steps()[n_].name;
    });
    if (was == done.end()) break;
    outputs_[was->name] = was->output;
    if (was->credits >= 0) charged_ = std::max<std::int64_t>(charged_, 0) + was->credits;
  }
  for (; n_ < pipeline_->steps().size(); ++n_) {
    if (interrupt_ == Interrupt::none && co_await begin_step() == Held::lost) interrupt(Interrupt::lost);
    if (interrupt_ == Interrupt::cancelled) co_return co_await settle_cancelled(nullptr);
    if (interrupt_ != Interrupt::none) co_return co_await leave();
    const auto report_share = [this](double share) { return report(share); };
    const auto hold_child = [this](StepProcess* child) {
      child_ = child;
      if (child && interrupt_ != Interrupt::none) child->stop();
    };
    const StepOutcome outcome = co_await host_.run(*pipeline_, n_, outputs_, report_share, hold_child);
    cpu_ms_ += outcome.end.cpu_ms;
    if (interrupt_ == Interrupt::cancelled) co_return co_await settle_cancelled(&outcome);
    if (interrupt_ != Interrupt::none) co_return co_await leave();
    if (!outcome.result.success && outcome.result.again) co_return co_await fail_for_now(outcome);
    if (!outcome.result.success) co_return co_await settle_badly(outcome.error(), &outcome);
    if (outcome.credits) charged_ = std::max<std::int64_t>(charged_, 0) + *outcome.credits;
    outputs_[pipeline_->steps()[n_].name] = outcome.output;
    if (n_ + 1 == pipeline_->steps().size()) co_return co_await settle_well(&outcome);
    const Held held = co_await end_step_well(outcome);
    if (held == Held::lost) interrupt(Interrupt::lost);
    if (held == Held::cancel) interrupt(Interrupt::cancelled);
  }
  co_return co_await settle_well(nullptr);  // a retry whose steps were all done
}

Task<> Runner::report(double share) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_report_ < kReportEvery || interrupt_ != Interrupt::none) co_return;
  last_report_ = now;
  bool outage = false;
  Held held = Held::yes;
  try {
    held = co_await set_progress(parts_.db, held_, pipeline_->progress(n_, share));
  } catch (const pg::Unavailable&) {
    outage = true;  // the step goes on; the heartbeat finds out whose job it is
  }
  if (outage) co_return;
  if (held == Held::lost) interrupt(Interrupt::lost);
  else if (held == Held::cancel) interrupt(Interrupt::cancelled);
  else parts_.moved(job_.id);
}

Task<Held> Runner::begin_step() {
  const StepRow step = row("running", nullptr);
  const auto write = [this, &step] {
    const auto in_tx = [](pg::Tx& tx, Holding& held, const StepRow& s) -> Task<Held> {
      co_return co_await checkpoint(tx, held, s);
    };
    return parts_.db.in(worker_role(), in_tx, held_, step);
  };
  const Held held = co_await patiently(gone(), write);
  if (held == Held::cancel) interrupt(Interrupt::cancelled);
  parts_.moved(job_.id);
  co_return held;
}

// The step's files become objects and assets in the transaction that says it is done.
Task<Held> Runner::end_step_well(const StepOutcome& outcome) {
  const StepRow step = row("done", &outcome);
  const auto write = [this, &step]() -> Task<Held> {
    const auto in_tx = [this](pg::Tx& tx, const StepRow& s) -> Task<Held> {
      const Held held = co_await checkpoint(tx, held_, s);
      if (held == Held::lost) co_return held;
      for (const auto& [name, kept] : host_.kept()) {
        const auto [bucket, key] = host_.place(name);
        co_await parts_.storage.commit(tx, bucket, key, kept.staged, kept.mime, job_.user);
      }
      co_return held;
    };
    co_return co_await parts_.db.in(worker_role(), in_tx, step);
  };
  const Held held = co_await patiently(gone(), write);
  host_.forget_kept();
  parts_.moved(job_.id);
  co_return held;
}

Task<bool> Runner::settle_well(const StepOutcome* last) {
  const StepRow step = last ? row("done", last) : StepRow{};
  const Verdict verdict{
      .ok = true, .cost = static_cast<std::int32_t>(cost()), .assets = assets_json(), .metering = job_metering()};
  const auto write = [this, &step, &verdict, last]() -> Task<bool> {
    const auto in_tx = [this, last](pg::Tx& tx, const Verdict& v, const StepRow& s) -> Task<bool> {
      const bool done = co_await finish(tx, held_, v);
      if (!done) co_return false;
      if (last) co_await end_step(tx, held_, s);
      co_await reveal_outputs(tx, job_.id);
      for (const auto& [name, kept] : host_.kept()) {
        const auto [bucket, key] = host_.place(name);
        co_await parts_.storage.commit(tx, bucket, key, kept.staged, kept.mime, job_.user);
      }
      co_return true;
    };
    co_return co_await parts_.db.in(worker_role(), in_tx, verdict, step);
  };
  const bool settled = co_await patiently(gone(), write);
  parts_.moved(job_.id);
  core::log::info(settled ? "jobs.job.finished" : "jobs.job.lost", {{"credits", verdict.cost}});
  co_return settled;
}

Task<bool> Runner::settle_badly(JobError error, const StepOutcome* outcome) {
  co_await drop_kept();
  StepRow step = outcome ? row("failed", outcome) : StepRow{};
  step.error_code = error.code;
  const bool cancelled = error.code == "CANCELLED";
  const Verdict verdict{.ok = false,
                        .cost = cancelled ? static_cast<std::int32_t>(std::max<std::int64_t>(charged_, 0)) : 0,
                        .error = std::move(error),
                        .metering = job_metering()};
  const auto write = [this, &step, &verdict, outcome]() -> Task<bool> {
    const auto in_tx = [this, outcome](pg::Tx& tx, const Verdict& v, const StepRow& s) -> Task<bool> {
      const bool done = co_await finish(tx, held_, v);
      if (done && outcome) co_await end_step(tx, held_, s);
      co_return done;
    };
    co_return co_await parts_.db.in(worker_role(), in_tx, verdict, step);
  };
  const bool settled = co_await patiently(gone(), write);
  parts_.moved(job_.id);
  core::log::info(settled ? "jobs.job.failed" : "jobs.job.lost", {{"code", verdict.error.code}});
  co_return settled;
}

// What was finished before the cancel is paid for; what was under way is not.
Task<bool> Runner::settle_cancelled(const StepOutcome* outcome) {
  const StepOutcome none;
  co_return co_await settle_badly({"CANCELLED"}, outcome ? outcome : &none);
}

Task<bool> Runner::fail_for_now(const StepOutcome& outcome) {
  co_await drop_kept();
  const StepRow step = row("failed", &outcome);
  const int delay = delay_seconds(job_.attempt);
  const auto write = [this, &step, &outcome, delay]() -> Task<Retried> {
    const auto in_tx = [this, &outcome, delay](pg::Tx& tx, const StepRow& s) -> Task<Retried> {
      const Retried what = co_await fail_attempt(tx, held_, outcome.error(), delay);
      if (what != Retried::lost) co_await end_step(tx, held_, s);
      co_return what;
    };
    co_return co_await parts_.db.in(worker_role(), in_tx, step);
  };
  const Retried what = co_await patiently(gone(), write);
  parts_.moved(job_.id);
  core::log::warn("jobs.attempt.failed", {{"code", outcome.result.code},
                                          {"status", outcome.end.status},
                                          {"again_in_seconds", what == Retried::retry ? delay : 0}});
  co_return what == Retried::failed || what == Retried::cancelled;
}

// What a step saved before it failed: no transaction has tried to name it, so nobody can need it.
Task<> Runner::drop_kept() {
  for (const auto& [name, kept] : host_.kept()) co_await parts_.storage.discard(kept.staged);
  host_.forget_kept();
}

Task<bool> Runner::leave() {
  co_await drop_kept();
  if (interrupt_ == Interrupt::lost) {
    core::log::warn("jobs.job.lost", {});
    co_return false;
  }
  const auto write = [this]() -> Task<bool> {
    co_await hand_back(parts_.db, held_);
    co_return true;
  };
  const auto at_once = [] { return true; };
  co_await patiently(at_once, write);
  core::log::info("jobs.job.handed_back", {});
  co_return false;
}

std::int64_t Runner::cost() const { return charged_ >= 0 ? charged_ : job_.reserved; }

std::string Runner::step_metering(const StepOutcome& outcome) const {
  core::JsonWriter w;
  w.begin().field("cpu_ms", outcome.end.cpu_ms).field("peak_kb", outcome.end.peak_kb);
  w.field("bytes_in", outcome.bytes_in).field("bytes_out", outcome.bytes_out);
  if (outcome.credits) w.field("credits", *outcome.credits);
  w.end();
  return w.take();
}

std::string Runner::job_metering() const {
  core::JsonWriter w;
  w.begin().field("cpu_ms", cpu_ms_).field("worker", parts_.config.worker_id).end();
  return w.take();
}

std::string Runner::assets_json() const {
  core::JsonWriter w;
  w.begin_array();
  for (const auto& [name, kept] : host_.kept()) {
    const auto [bucket, key] = host_.place(name);
    w.begin().field("type", "intermediate").field("path", bucket + "/" + key);
    w.key("meta").begin().field("name", name.substr(name.find('/') + 1)).field("size", kept.staged.size);
    w.field("mime", kept.mime).end().end();
  }
  w.end_array();
  return w.take();
}

StepRow Runner::row(std::string state, const StepOutcome* outcome) const {
  StepRow step;
  step.n = static_cast<std::int32_t>(n_);
  step.name = pipeline_->steps()[n_].name;
  step.state = std::move(state);
  step.progress = pipeline_->progress(n_, step.state == "done" ? 1.0 : 0.0);
  if (!outcome) return step;
  step.output = outcome->output;
  step.error_code = outcome->result.success ? "" : outcome->result.code;
  step.meter = step_metering(*outcome);
  step.assets = assets_json();
  return step;
}

}  // namespace jobs
