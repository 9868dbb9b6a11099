#include "jobs/step_host.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "core/log.h"
#include "core/problem.h"
#include "jobs/disk_fault.h"
#include "jobs/read.h"
#include "jobs/step_channel.h"

namespace jobs {
namespace fs = std::filesystem;
namespace {

struct AssetRow {
  std::string path;
};

constexpr pg::Sql kSaved{"jobs.assets_saved", R"sql(
  select path from public.assets where job_id = $1 and user_id = $2 and type <> 'input'
)sql"};

// A copy, never a link: a step may run foreign code and must not be able to change the store's bytes.
std::uint64_t copy_bytes(const std::string& from, const std::string& to) {
  fs::create_directories(fs::path(to).parent_path());
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);
  return fs::file_size(to);
}

// The size of a regular file in this folder; links and everything else that leads out of it are refused.
std::uint64_t plain_size(const std::string& file) {
  struct stat facts{};
  if (::lstat(file.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_nlink != 1)
    throw std::runtime_error("no such file");
  const fs::path folder = fs::path(file).parent_path();
  if (fs::canonical(folder) != fs::weakly_canonical(folder).lexically_normal() || fs::is_symlink(folder))
    throw std::runtime_error("no such file");
  return static_cast<std::uint64_t>(facts.st_size);
}

std::function<bool()> give_up_after(std::chrono::seconds limit) {
  return [until = std::chrono::steady_clock::now() + limit] { return std::chrono::steady_clock::now() > until; };
}

std::string refusal(std::string_view why, std::string_view code = "") {
  core::JsonWriter w;
  w.begin().field("error", why);
  if (!code.empty()) w.field("code", code);
  w.end();
  return w.take();
}

}  // namespace

std::string mime_of(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kKnown[] = {
      {".mp4", "video/mp4"},       {".srt", "application/x-subrip"},
      {".zip", "application/zip"}, {".json", "application/json"},
      {".jpg", "image/jpeg"},      {".png", "image/png"},
      {".webp", "image/webp"},     {".wav", "audio/wav"},
      {".txt", "text/plain"}};
  for (const auto& [end, mime] : kKnown)
    if (name.ends_with(end)) return std::string(mime);
  return "application/octet-stream";
}

StepHost::StepHost(core::Loop& loop, pg::Db& db, storage::Storage& storage, core::BlockingPool& disk,
                   const Config& config, const ClaimedJob& job, std::string dir)
    : loop_(loop), db_(db), storage_(storage), disk_(disk), config_(config), job_(job), dir_(std::move(dir)) {}

std::pair<std::string, std::string> StepHost::place(std::string_view name) const {
  const std::string folder = storage::job_folder(job_.user, job_.project, job_.id);
  if (name.starts_with("outputs/")) return {std::string(storage::kOutputs), folder + std::string(name.substr(8))};
  return {std::string(storage::kAssets), folder + std::string(name)};
}

Task<> StepHost::find_inputs() {
  // As the user, so that the worker reads no more of a project than its owner may.
  std::vector<projects::Asset> all = co_await projects::inputs(db_, job_.user, job_.project);
  const std::vector<projects::Asset> rows = those_of(std::move(all), job_.input.text);
  inputs_ = as_inputs(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) asset_paths_[inputs_[i].file] = rows[i].path;
  // The files of a retried job lie in the folder of the job before it, as the asset's path shows.
  const std::vector<AssetRow> made = co_await db_.as(as_worker()).many<AssetRow>(kSaved, job_.id, job_.user);
  for (const AssetRow& row : made) {
    const std::size_t cut = row.path.find("/j_");
    const std::size_t end = cut == std::string::npos ? cut : row.path.find('/', cut + 1);
    if (end == std::string::npos) continue;
    const std::string name = row.path.substr(end + 1);
    const bool output = row.path.starts_with(std::string(storage::kOutputs) + "/");
    asset_paths_[output ? "outputs/" + name : name] = row.path;
  }
}

StepProcessSpec StepHost::spec(const Pipeline& pipeline, std::size_t n) const {
  StepProcessSpec spec;
  spec.argv = {config_.step_program, "step", pipeline.name(), std::to_string(n)};
  const char* path = std::getenv("PATH");
  spec.environment = {{"PATH", path ? path : "/usr/local/bin:/usr/bin:/bin"},
                      {"LANG", "C.UTF-8"},
                      {"TZ", "UTC"},
                      {"HOME", dir_},
                      {"TMPDIR", dir_}};
  for (const std::string& name : config_.pipeline_env)
    if (const char* value = std::getenv(name.c_str())) spec.environment[name] = value;
  const int own = pipeline.steps()[n].options.timeout_seconds;
  spec.timeout = own > 0 ? std::chrono::seconds(own) : config_.step_timeout;
  spec.folder = dir_;
  spec.max_folder_bytes = most_bytes();
  return spec;
}

std::string StepHost::hello(const Pipeline& pipeline, std::size_t n,
                            const std::map<std::string, std::string>& outputs) const {
  const std::string folder = storage::job_folder(job_.user, job_.project, job_.id);
  core::JsonWriter w;
  w.begin().field("parent", ::getpid()).field("job", job_.id).field("project", job_.project).field("user", job_.user);
  w.field("base_path", std::string(storage::kAssets) + "/" + folder);
  w.field("output_path", std::string(storage::kOutputs) + "/" + folder);
  w.field("dir", dir_).field("memory_bytes", config_.step_memory_bytes).field("file_bytes", config_.step_file_bytes);
  const std::int64_t cores = std::max(1l, ::sysconf(_SC_NPROCESSORS_ONLN));
  w.field("timeout_seconds", spec(pipeline, n).timeout.count());
  w.field("cpu_seconds", spec(pipeline, n).timeout.count() * cores + 1);
  w.key("inputs").begin_array();
  for (const Input& input : inputs_) {
    w.begin().field("file", input.file).field("name", input.name).key("fields").begin();
    for (const auto& [field, text] : input.fields) w.field(field, text);
    w.end().field("mime", input.mime).field("size", input.size).end();
  }
  w.end_array().key("outputs").begin();
  for (const auto& [step, output] : outputs)
    if (!output.empty()) w.key(step).raw(output);
  w.end().end();
  return w.take();
}

Task<StepOutcome> StepHost::run(const Pipeline& pipeline, std::size_t n,
                                const std::map<std::string, std::string>& outputs,
                                std::function<Task<>(double)> progress, std::function<void(StepProcess*)> started) {
  StepOutcome outcome;
  std::optional<core::Json> result;
  StepProcess child(loop_, spec(pipeline, n));
  started(&child);
  child.send(hello(pipeline, n, outputs));
  for (;;) {
    const std::optional<std::string> line = co_await child.next();
    if (!line) break;
    const std::optional<core::Json> said = core::Json::parse(*line);
    const std::string what = said ? (*said)["do"].string_or("") : "";
    if (what == "progress") {
      co_await progress(static_cast<double>((*said)["permille"].integer().value_or(0)) / 1000.0);
    } else if (what == "load" || what == "save") {
      const std::string reply = co_await answer(*said, outcome);
      child.send(reply);
    } else if (what == "result") {
      result = said;
    } else {
      core::log::warn("jobs.step.protocol_error", {{"step", pipeline.steps()[n].name}});
      child.stop();
    }
  }
  started(nullptr);
  outcome.end = child.end();
  if (result && outcome.end.how == StepProcessEnd::How::exited) {
    const bool success = (*result)["ok"].boolean().value_or(false);
    outcome.result =
        success ? ok() : fail((*result)["code"].string_or("ERR_PROCESSING"), params_from((*result)["params"]));
    outcome.result.again = (*result)["again"].boolean().value_or(false);
    if (const auto credits = (*result)["credits"].integer())
      outcome.credits = std::clamp<std::int64_t>(*credits, 0, 1000000000);
    if (result->has("output")) outcome.output = (*result)["output"].dump();
  } else {
    outcome.result = explain(outcome.end);
  }
  co_return outcome;
}

StepResult StepHost::explain(const StepProcessEnd& end) const {
  if (end.how == StepProcessEnd::How::timed_out) return fail("STEP_TIMEOUT");
  if (end.how == StepProcessEnd::How::killed && end.status == SIGXCPU) return fail("STEP_TIMEOUT");
  if (end.how == StepProcessEnd::How::too_large || (end.how == StepProcessEnd::How::killed && end.status == SIGXFSZ))
    return fail("OUTPUT_TOO_LARGE");
  if (end.how == StepProcessEnd::How::never_started) return try_again("STEP_NOT_STARTED");
  const auto most = static_cast<std::int64_t>(config_.step_memory_bytes / 1024);
  if (end.how == StepProcessEnd::How::killed && end.status == SIGKILL && most > 0 && end.peak_kb > most * 3 / 4)
    return fail("STEP_OUT_OF_MEMORY");
  return try_again("STEP_CRASHED");
}

Task<std::string> StepHost::answer(const core::Json& asked, StepOutcome& outcome) {
  const std::string name = asked["name"].string_or("");
  if (!valid_name(name)) co_return refusal("not a name that a step may use");
  std::string refused;
  try {
    if (asked["do"].string_or("") == "load") co_return co_await bring(name, outcome);
    co_return co_await keep(name, asked["mime"].string_or(""), outcome);
  } catch (const core::Problem& problem) {
    core::log::warn("jobs.file.refused", {{"name", name}, {"code", problem.code}});
    refused = refusal(problem.what(), problem.status == 507   ? "NO_SPACE"
                                      : problem.status == 503 ? "DISK_READ_ONLY"
                                                              : problem.code);
  } catch (const std::system_error& e) {
    core::log::warn("jobs.file.failed", {{"name", name}, {"what", e.what()}});
    const DiskFault fault = disk_fault(e.code());
    refused = refusal(e.what(), fault == DiskFault::none ? "" : code_of(fault));
  } catch (const pg::Unavailable&) {
    refused = refusal("the database cannot be reached", "UNAVAILABLE");
  } catch (const std::runtime_error& e) {
    refused = refusal(e.what());
  }
  co_return refused;
}

Task<std::string> StepHost::bring(std::string name, StepOutcome& outcome) {
  const std::string file = (fs::path(dir_) / name).string();
  core::JsonWriter w;
  w.begin().field("path", file).end();
  std::error_code none;
  if (fs::exists(file, none)) co_return w.take();
  const auto known = asset_paths_.find(name);
  if (known == asset_paths_.end()) co_return refusal("nobody saved " + name);
  const std::size_t cut = known->second.find('/');
  const std::string bucket = known->second.substr(0, cut);
  const std::string key = known->second.substr(cut + 1);
  const auto look = [this](pg::Tx& tx, const std::string& in,
                           const std::string& at) -> Task<std::optional<storage::Object>> {
    co_return co_await storage_.find(tx, in, at);
  };
  const auto ask = [&] { return db_.in(as_worker(), look, bucket, key); };
  const std::optional<storage::Object> object =
      co_await retry_while_unavailable(give_up_after(std::chrono::seconds(60)), ask);
  if (!object) co_return refusal("the store has no " + name, "INPUT_MISSING");
  const std::string local = co_await storage_.local_path(*object);
  outcome.bytes_in += co_await core::offload(disk_, [&local, &file] { return copy_bytes(local, file); });
  co_return w.take();
}

Task<std::string> StepHost::keep(std::string name, std::string mime, StepOutcome& outcome) {
  if (name.starts_with("inputs/")) co_return refusal("inputs are not a step's to write");
  const std::string file = (fs::path(dir_) / name).string();
  const std::uint64_t size = plain_size(file);
  if (size > config_.step_file_bytes || outcome.bytes_out + size > most_bytes())
    co_return refusal("more than a step may save", "OUTPUT_TOO_LARGE");
  SavedFile saved;
  saved.staged = co_await storage_.stage_file(file);
  saved.mime = mime.empty() ? mime_of(name) : mime;
  outcome.bytes_out += size;
  if (const auto before = saved_files_.find(name); before != saved_files_.end())
    co_await storage_.discard(before->second.staged);
  saved_files_[name] = std::move(saved);
  co_return std::string(R"({"ok":true})");
}

}  // namespace jobs
