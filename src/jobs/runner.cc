#include "jobs/runner.h"

#include <algorithm>
#include <filesystem>

#include "core/jitter.h"
#include "core/log.h"
#include "jobs/back_off.h"

namespace jobs {
namespace {

constexpr std::chrono::milliseconds kReportInterval{300};

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
    outage = true;  // and the worker is stopping or has lost its lease: the reaper requeues the job
  }
  if (outage) core::log::warn("jobs.job.abandoned", {{"why", "the database cannot be reached"}});
  co_return false;
}

Task<bool> Runner::run_steps() {
  if (job_.cancel_requested) interrupt(Interrupt::cancelled);
  pipeline_ = find(parts_.pipelines, job_.pipeline);
  if (!pipeline_ || pipeline_->steps().empty()) co_return co_await fail_job({"UNKNOWN_PIPELINE"}, nullptr);

  const auto read_done = [this] { return steps_done(parts_.db, job_.id); };
  const std::vector<StepDone> done = co_await retry_while_unavailable(gone(), read_done);
  const auto read_inputs = [this]() -> Task<bool> {
    co_await host_.find_inputs();
    co_return true;
  };
  co_await retry_while_unavailable(gone(), read_inputs);
  for (; n_ < pipeline_->steps().size(); ++n_) {
    const auto was = std::find_if(done.begin(), done.end(), [this](const StepDone& step) {
      return step.n == static_cast<std::int32_t>(n_) && step.name == pipeline_->steps()[n_].name;
    });
    if (was == done.end()) break;
    outputs_[was->name] = was->output;
    if (was->credits >= 0) charged_ = std::max<std::int64_t>(charged_, 0) + was->credits;
  }
  for (; n_ < pipeline_->steps().size(); ++n_) {
    if (interrupt_ == Interrupt::none && co_await begin_step() == ClaimStatus::lost) interrupt(Interrupt::lost);
    if (interrupt_ == Interrupt::cancelled) co_return co_await cancel_job(nullptr);
    if (interrupt_ != Interrupt::none) co_return co_await release_job();
    const auto report_share = [this](double share) { return report(share); };
    const auto hold_child = [this](StepProcess* child) {
      child_ = child;
      if (child && interrupt_ != Interrupt::none) child->stop();
    };
    const StepOutcome outcome = co_await host_.run(*pipeline_, n_, outputs_, report_share, hold_child);
    cpu_ms_ += outcome.end.cpu_ms;
    if (interrupt_ == Interrupt::cancelled) co_return co_await cancel_job(&outcome);
    if (interrupt_ != Interrupt::none) co_return co_await release_job();
    if (!outcome.result.success && outcome.result.again) co_return co_await schedule_retry(outcome);
    if (!outcome.result.success) co_return co_await fail_job(outcome.error(), &outcome);
    if (outcome.credits) charged_ = std::max<std::int64_t>(charged_, 0) + *outcome.credits;
    outputs_[pipeline_->steps()[n_].name] = outcome.output;
    if (n_ + 1 == pipeline_->steps().size()) co_return co_await complete_job(&outcome);
    const ClaimStatus held = co_await complete_step(outcome);
    if (held == ClaimStatus::lost) interrupt(Interrupt::lost);
    if (held == ClaimStatus::cancelled) interrupt(Interrupt::cancelled);
  }
  co_return co_await complete_job(nullptr);  // a retry whose steps were all done
}

Task<> Runner::report(double share) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_report_ < kReportInterval || interrupt_ != Interrupt::none) co_return;
  last_report_ = now;
  bool outage = false;
  ClaimStatus held = ClaimStatus::valid;
  try {
    held = co_await set_progress(parts_.db, held_, pipeline_->progress(n_, share));
  } catch (const pg::Unavailable&) {
    outage = true;  // the step goes on; the next heartbeat shows whether the claim still holds
  }
  if (outage) co_return;
  if (held == ClaimStatus::lost) interrupt(Interrupt::lost);
  else if (held == ClaimStatus::cancelled) interrupt(Interrupt::cancelled);
  else parts_.progressed(job_.id);
}

Task<ClaimStatus> Runner::begin_step() {
  const StepRow step = row("running", nullptr);
  const auto write = [this, &step] {
    const auto in_tx = [](pg::Tx& tx, JobClaim& held, const StepRow& s) -> Task<ClaimStatus> {
      co_return co_await checkpoint(tx, held, s);
    };
    return parts_.db.in(as_worker(), in_tx, held_, step);
  };
  const ClaimStatus held = co_await retry_while_unavailable(gone(), write);
  if (held == ClaimStatus::cancelled) interrupt(Interrupt::cancelled);
  parts_.progressed(job_.id);
  co_return held;
}

// The step's files become objects and assets in the transaction that marks it done.
Task<ClaimStatus> Runner::complete_step(const StepOutcome& outcome) {
  const StepRow step = row("done", &outcome);
  const auto write = [this, &step]() -> Task<ClaimStatus> {
    const auto in_tx = [this](pg::Tx& tx, const StepRow& s) -> Task<ClaimStatus> {
      const ClaimStatus held = co_await checkpoint(tx, held_, s);
      if (held == ClaimStatus::lost) co_return held;
      for (const auto& [name, file] : host_.saved_files()) {
        const auto [bucket, key] = host_.place(name);
        co_await parts_.storage.commit(tx, bucket, key, file.staged, file.mime, job_.user);
      }
      co_return held;
    };
    co_return co_await parts_.db.in(as_worker(), in_tx, step);
  };
  const ClaimStatus held = co_await retry_while_unavailable(gone(), write);
  host_.forget_saved_files();
  parts_.progressed(job_.id);
  co_return held;
}

Task<bool> Runner::complete_job(const StepOutcome* last) {
  const StepRow step = last ? row("done", last) : StepRow{};
  const JobResult result{
      .ok = true, .cost = static_cast<std::int32_t>(cost()), .assets = assets_json(), .metering = job_metering()};
  const auto write = [this, &step, &result, last]() -> Task<bool> {
    const auto in_tx = [this, last](pg::Tx& tx, const JobResult& v, const StepRow& s) -> Task<bool> {
      const bool done = co_await finish(tx, held_, v);
      if (!done) co_return false;
      if (last) co_await end_step(tx, held_, s);
      co_await reveal_outputs(tx, job_.id);
      for (const auto& [name, file] : host_.saved_files()) {
        const auto [bucket, key] = host_.place(name);
        co_await parts_.storage.commit(tx, bucket, key, file.staged, file.mime, job_.user);
      }
      co_return true;
    };
    co_return co_await parts_.db.in(as_worker(), in_tx, result, step);
  };
  const bool settled = co_await retry_while_unavailable(gone(), write);
  parts_.progressed(job_.id);
  core::log::info(settled ? "jobs.job.finished" : "jobs.job.lost", {{"credits", result.cost}});
  co_return settled;
}

Task<bool> Runner::fail_job(JobError error, const StepOutcome* outcome) {
  co_await discard_saved_files();
  StepRow step = outcome ? row("failed", outcome) : StepRow{};
  step.error_code = error.code;
  const bool cancelled = error.code == "CANCELLED";
  const JobResult result{.ok = false,
                         .cost = cancelled ? static_cast<std::int32_t>(std::max<std::int64_t>(charged_, 0)) : 0,
                         .error = std::move(error),
                         .metering = job_metering()};
  const auto write = [this, &step, &result, outcome]() -> Task<bool> {
    const auto in_tx = [this, outcome](pg::Tx& tx, const JobResult& v, const StepRow& s) -> Task<bool> {
      const bool done = co_await finish(tx, held_, v);
      if (done && outcome) co_await end_step(tx, held_, s);
      co_return done;
    };
    co_return co_await parts_.db.in(as_worker(), in_tx, result, step);
  };
  const bool settled = co_await retry_while_unavailable(gone(), write);
  parts_.progressed(job_.id);
  core::log::info(settled ? "jobs.job.failed" : "jobs.job.lost", {{"code", result.error.code}});
  co_return settled;
}

// Finished steps are charged; the step that was under way is not.
Task<bool> Runner::cancel_job(const StepOutcome* outcome) {
  const StepOutcome none;
  co_return co_await fail_job({"CANCELLED"}, outcome ? outcome : &none);
}

Task<bool> Runner::schedule_retry(const StepOutcome& outcome) {
  co_await discard_saved_files();
  const StepRow step = row("failed", &outcome);
  const int delay = back_off_seconds(job_.attempt, core::jitter());
  const auto write = [this, &step, &outcome, delay]() -> Task<AttemptOutcome> {
    const auto in_tx = [this, &outcome, delay](pg::Tx& tx, const StepRow& s) -> Task<AttemptOutcome> {
      const AttemptOutcome what = co_await fail_attempt(tx, held_, outcome.error(), delay);
      if (what != AttemptOutcome::lost) co_await end_step(tx, held_, s);
      co_return what;
    };
    co_return co_await parts_.db.in(as_worker(), in_tx, step);
  };
  const AttemptOutcome what = co_await retry_while_unavailable(gone(), write);
  parts_.progressed(job_.id);
  core::log::warn("jobs.attempt.failed", {{"code", outcome.result.code},
                                          {"status", outcome.end.status},
                                          {"again_in_seconds", what == AttemptOutcome::retry ? delay : 0}});
  co_return what == AttemptOutcome::failed || what == AttemptOutcome::cancelled;
}

// Files of a failed step: no transaction has referred to them, so nothing needs them.
Task<> Runner::discard_saved_files() {
  for (const auto& [name, file] : host_.saved_files()) co_await parts_.storage.discard(file.staged);
  host_.forget_saved_files();
}

Task<bool> Runner::release_job() {
  co_await discard_saved_files();
  if (interrupt_ == Interrupt::lost) {
    core::log::warn("jobs.job.lost", {});
    co_return false;
  }
  const auto write = [this]() -> Task<bool> {
    co_await release_claim(parts_.db, held_);
    co_return true;
  };
  const auto at_once = [] { return true; };
  co_await retry_while_unavailable(at_once, write);
  core::log::info("jobs.job.released", {});
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
  for (const auto& [name, file] : host_.saved_files()) {
    const auto [bucket, key] = host_.place(name);
    w.begin().field("type", "intermediate").field("path", bucket + "/" + key);
    w.key("meta").begin().field("name", name.substr(name.find('/') + 1)).field("size", file.staged.size);
    w.field("mime", file.mime).end().end();
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
