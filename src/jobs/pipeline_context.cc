#include "jobs/pipeline_context.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "core/process.h"

namespace jobs {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

void limit(int what, std::uint64_t value) {
  if (value == 0) return;
  const rlimit wanted{value, value};
  ::setrlimit(static_cast<__rlimit_resource>(what), &wanted);
}

// Reads both pipes until they close: whole lines of the first go to on_line, the tail of the second is kept. False
// when both were silent for `quiet` (0: no limit).
bool read_output(int out, int err, std::chrono::seconds quiet, const std::function<void(std::string_view)>& on_line,
                 std::string& errors) {
  using Steady = std::chrono::steady_clock;
  Steady::time_point heard = Steady::now();
  std::string line;
  pollfd ends[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  int open = 2;
  while (open > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(heard + quiet - Steady::now()).count();
    if (quiet.count() > 0 && left <= 0) return false;
    const int ready = ::poll(ends, 2, quiet.count() > 0 ? static_cast<int>(left) + 1 : -1);
    if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
    if (ready <= 0) continue;
    heard = Steady::now();
    for (int i = 0; i < 2; ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      char piece[8192];
      const ssize_t n = ::read(ends[i].fd, piece, sizeof piece);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        ends[i].fd = -1;
        --open;
        continue;
      }
      const std::string_view bytes(piece, static_cast<std::size_t>(n));
      if (i == 1) {
        errors += bytes;
        if (errors.size() > 4096) errors.erase(0, errors.size() - 4096);
        continue;
      }
      line += bytes;
      for (std::size_t end; (end = line.find('\n')) != std::string::npos; line.erase(0, end + 1))
        if (on_line) on_line(std::string_view(line).substr(0, end));
      if (line.size() > kMaxLine) line.clear();
    }
  }
  if (on_line && !line.empty()) on_line(line);
  return true;
}

}  // namespace

void apply(const StepLimits& limits) {
  limit(RLIMIT_FSIZE, limits.file_bytes);
  limit(RLIMIT_CPU, static_cast<std::uint64_t>(limits.cpu_seconds));
  if (!kSanitized) limit(RLIMIT_AS, limits.memory_bytes);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

core::Json PipelineContext::Impl::ask(std::string line) {
  channel.send(std::move(line));
  const std::optional<core::Json> answer = channel.receive();
  if (!answer) throw std::runtime_error("the worker is gone");
  const std::string code = (*answer)["code"].string_or("");
  if (code == "NO_SPACE") throw NoDisk{DiskFault::full};
  if (code == "DISK_READ_ONLY") throw NoDisk{DiskFault::read_only};
  if (code == "OUTPUT_TOO_LARGE") throw TooLarge{};
  if (code == "INPUT_MISSING") throw Missing{};
  if (code == "UNAVAILABLE") throw Outage{};
  if (answer->has("error")) throw std::runtime_error((*answer)["error"].string_or("refused"));
  return *answer;
}

core::JobId PipelineContext::job() const { return impl_->job; }
core::ProjectId PipelineContext::project() const { return impl_->project; }
core::UserId PipelineContext::user() const { return impl_->user; }
std::string PipelineContext::base_path() const { return impl_->base_path; }
std::string PipelineContext::output_path() const { return impl_->output_path; }
const std::vector<Input>& PipelineContext::inputs() const { return impl_->inputs; }
core::Json PipelineContext::output_of(std::string_view step) const { return impl_->outputs[step]; }

Task<std::string> PipelineContext::path(std::string name) {
  core::JsonWriter w;
  w.begin().field("do", "load").field("name", name).end();
  const core::Json answer = impl_->ask(w.take());
  co_return answer["path"].string_or("");
}

Task<std::string> PipelineContext::load(std::string name) {
  const std::string local = co_await path(std::move(name));
  std::ifstream in(local, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (!in) throw std::runtime_error("cannot read " + local);
  co_return std::move(bytes).str();
}

std::string PipelineContext::scratch(std::string_view name) const {
  const std::filesystem::path file = std::filesystem::path(impl_->dir) / name;
  std::filesystem::create_directories(file.parent_path());
  return file.string();
}

Task<> PipelineContext::save(std::string name, std::string bytes) {
  const std::string file = scratch(name);
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), file);
  std::string_view left = bytes;
  int why = 0;
  while (!left.empty() && why == 0) {
    const ssize_t n = ::write(fd, left.data(), left.size());
    if (n < 0 && errno != EINTR) why = errno;
    if (n > 0) left.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::close(fd) != 0 && why == 0) why = errno;
  if (why != 0) throw std::system_error(why, std::generic_category(), file);
  co_await save_file(std::move(name));
}

Task<> PipelineContext::save_file(std::string name, std::string mime) {
  core::JsonWriter w;
  w.begin().field("do", "save").field("name", name).field("mime", mime).end();
  impl_->ask(w.take());
  co_return;
}

void PipelineContext::progress(double share) {
  const int permille = static_cast<int>(std::clamp(std::isfinite(share) ? share : 0.0, 0.0, 1.0) * 1000);
  if (permille <= impl_->sent_permille) return;
  impl_->sent_permille = permille;
  core::JsonWriter w;
  w.begin().field("do", "progress").field("permille", permille).end();
  impl_->channel.send(w.take());
}

std::chrono::seconds PipelineContext::timeout() const { return std::chrono::seconds(impl_->limits.timeout_seconds); }

void PipelineContext::charge(std::int64_t credits) {
  if (credits < 0) throw std::invalid_argument("a step cannot give credits");
  impl_->charged = std::max<std::int64_t>(impl_->charged, 0) + credits;
}

void PipelineContext::set_output(std::string json) { impl_->output = std::move(json); }

Task<Ended> PipelineContext::exec(Command command) {
  if (command.argv.empty()) throw std::invalid_argument("an empty command");
  core::Pipe out;
  core::Pipe err;
  core::ProcessSpec spec;
  spec.argv = command.argv;
  spec.descriptors = {{out.write_end(), 1}, {err.write_end(), 2}};
  spec.own_group = false;  // the worker kills the step's whole group
  spec.death_signal = SIGKILL;
  spec.memory_bytes = impl_->limits.memory_bytes;  // set again here: a sanitized step has no limit of its own
  Ended ended;
  std::optional<core::Process> process;
  try {
    process.emplace(spec);
  } catch (const std::system_error& e) {
    if (e.code().value() != ENOENT && e.code().value() != EACCES) throw;
    ended.how = Ended::How::missing;
    co_return ended;
  }
  out.close_write();
  err.close_write();
  const bool silent = !read_output(out.read_end(), err.read_end(), command.quiet, command.on_line, ended.errors);
  if (silent) process->signal(SIGKILL);
  const core::ProcessEnd end = process->wait();
  ended.how = silent ? Ended::How::silent : end.by_signal ? Ended::How::killed : Ended::How::exited;
  if (!silent) ended.status = end.value;
  co_return ended;
}

}  // namespace jobs
