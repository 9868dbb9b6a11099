#include "core/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

extern char** environ;

namespace core {
namespace {

using Steady = std::chrono::steady_clock;

// `<own binary> --confined-exec <parent> <death signal> <uid> <gid> <memory> <report descriptor> <program> <argument…>`
constexpr std::string_view kConfinedExec = "--confined-exec";
constexpr int kFixedWords = 8;  // up to the report descriptor, argv[0] included
constexpr std::int64_t kUnset = -1;
constexpr std::size_t kMostCaptured = 1u << 20;
constexpr std::chrono::milliseconds kPollWithoutPidfd{10};

[[noreturn]] void throw_errno(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

void close_end(int& end) {
  if (end >= 0) ::close(std::exchange(end, -1));
}

// The arguments of one posix_spawn, freed together.
class SpawnCall {
 public:
  SpawnCall() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
  }
  ~SpawnCall() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnCall(const SpawnCall&) = delete;
  SpawnCall& operator=(const SpawnCall&) = delete;

  // `report` becomes the first free descriptor of the child; returns its number there. -1: no report.
  int set_descriptors(const ProcessSpec& spec, int report) {
    int next = 3;
    ::posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    if (!spec.log_file.empty()) {
      ::posix_spawn_file_actions_addopen(&actions_, 1, spec.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::posix_spawn_file_actions_adddup2(&actions_, 1, 2);
    }
    for (const ProcessSpec::Descriptor& one : spec.descriptors) {
      ::posix_spawn_file_actions_adddup2(&actions_, one.ours, one.theirs);
      next = std::max(next, one.theirs + 1);
    }
    if (report >= 0) ::posix_spawn_file_actions_adddup2(&actions_, report, next);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, report >= 0 ? next + 1 : next);
    if (!spec.directory.empty()) ::posix_spawn_file_actions_addchdir_np(&actions_, spec.directory.c_str());
    return next;
  }

  // Throws std::system_error when the program cannot be started.
  pid_t start(const std::vector<std::string>& words, const ProcessSpec& spec) {
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                                (spec.own_group ? POSIX_SPAWN_SETPGROUP : 0)));
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    std::vector<std::string> pairs;
    for (const auto& [name, value] : spec.environment) pairs.push_back(name + "=" + value);
    std::vector<char*> envp;
    for (std::string& pair : pairs) envp.push_back(pair.data());
    envp.push_back(nullptr);
    pid_t pid = -1;
    const int error = ::posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv.data(), envp.data());
    if (error != 0) throw_errno(error, "cannot start " + words[0]);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

bool needs_confinement(const ProcessSpec& spec) {
  return spec.death_signal != 0 || spec.run_as || spec.memory_bytes != 0;
}

std::vector<std::string> confined_words(const ProcessSpec& spec, int report) {
  const std::int64_t uid = spec.run_as ? std::int64_t{spec.run_as->uid} : kUnset;
  const std::int64_t gid = spec.run_as ? std::int64_t{spec.run_as->gid} : kUnset;
  std::vector<std::string> words{"/proc/self/exe", std::string(kConfinedExec)};
  for (const std::int64_t number : {std::int64_t{::getpid()}, std::int64_t{spec.death_signal}, uid, gid,
                                    static_cast<std::int64_t>(spec.memory_bytes), std::int64_t{report}})
    words.push_back(std::to_string(number));
  words.insert(words.end(), spec.argv.begin(), spec.argv.end());
  return words;
}

pid_t start_confined(const ProcessSpec& spec) {
  Pipe report;
  SpawnCall call;
  const int theirs = call.set_descriptors(spec, report.write_end());
  const pid_t pid = call.start(confined_words(spec, theirs), spec);
  report.close_write();
  int error = 0;
  ssize_t n;
  while ((n = ::read(report.read_end(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (n != sizeof error) return pid;  // closed by a successful exec
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  throw_errno(error, "cannot start " + spec.argv[0]);
}

pid_t start(const ProcessSpec& spec) {
  if (spec.argv.empty()) throw std::invalid_argument("a process without a program");
  if (needs_confinement(spec)) return start_confined(spec);
  SpawnCall call;
  call.set_descriptors(spec, -1);
  return call.start(spec.argv, spec);
}

std::int64_t to_ms(const timeval& time) { return std::int64_t{time.tv_sec} * 1000 + time.tv_usec / 1000; }

// 0, or the errno of what could not be set.
int confine(std::int64_t parent, int death_signal, std::int64_t uid, std::int64_t gid, std::uint64_t memory_bytes) {
  if (gid != kUnset && (::setgroups(0, nullptr) != 0 || ::setgid(static_cast<gid_t>(gid)) != 0)) return errno;
  if (uid != kUnset && ::setuid(static_cast<uid_t>(uid)) != 0) return errno;
  if (death_signal != 0) {  // after setuid, which clears it
    if (::prctl(PR_SET_PDEATHSIG, death_signal) != 0) return errno;
    if (::getppid() != parent) return ESRCH;  // the parent ended before the line above
  }
  if (memory_bytes != 0) {
    const rlimit limit{memory_bytes, memory_bytes};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) return errno;
  }
  return 0;
}

}  // namespace

Environment own_environment() {
  Environment out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

Pipe::Pipe() {
  if (::pipe2(ends_, O_CLOEXEC) != 0) throw_errno(errno, "pipe");
}
Pipe::~Pipe() {
  close_read();
  close_write();
}
void Pipe::close_read() { close_end(ends_[0]); }
void Pipe::close_write() { close_end(ends_[1]); }

Process::Process(const ProcessSpec& spec)
    : pid_(start(spec)),
      descriptor_(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))),
      own_group_(spec.own_group),
      kill_group_at_end_(spec.kill_group_at_end) {}

Process::Process(Process&& other) noexcept { *this = std::move(other); }

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(own_group_, other.own_group_);
  std::swap(kill_group_at_end_, other.kill_group_at_end_);
  std::swap(end_, other.end_);
  return *this;
}

Process::~Process() {
  if (pid_ > 0 && !end_) {
    signal(SIGKILL);
    wait();
  }
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Process::detach() { pid_ = -1; }

void Process::signal(int number) const {
  if (pid_ > 0 && !end_) ::kill(pid_, number);
}

void Process::signal_group(int number) const {
  if (pid_ > 0 && !end_ && own_group_) ::kill(-pid_, number);
}

void Process::reap() {
  if (kill_group_at_end_ && own_group_) ::kill(-pid_, SIGKILL);  // while its id cannot be anybody else's
  int status = 0;
  rusage used{};
  pid_t got;
  while ((got = ::wait4(pid_, &status, 0, &used)) < 0 && errno == EINTR) {
  }
  ProcessEnd end{.cpu_ms = to_ms(used.ru_utime) + to_ms(used.ru_stime), .peak_kb = used.ru_maxrss};
  end.by_signal = got > 0 && WIFSIGNALED(status);
  end.value = got <= 0 ? 127 : end.by_signal ? WTERMSIG(status) : WEXITSTATUS(status);
  end_ = end;
}

std::optional<ProcessEnd> Process::ended() {
  if (end_ || pid_ <= 0) return end_;
  siginfo_t info{};
  const int found = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  if (found == 0 && info.si_pid == 0) return std::nullopt;
  reap();
  return end_;
}

bool Process::wait_until(Steady::time_point deadline) {
  while (!ended()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now());
    if (left.count() <= 0) return false;
    const auto pause = descriptor_ >= 0 ? std::min(left, std::chrono::milliseconds(60'000)) : kPollWithoutPidfd;
    pollfd watched{descriptor_, POLLIN, 0};
    ::poll(&watched, descriptor_ >= 0 ? 1 : 0, static_cast<int>(pause.count()));
  }
  return true;
}

ProcessEnd Process::wait() {
  wait_until(Steady::now() + std::chrono::hours(24 * 365));
  return end_.value();
}

ProcessEnd Process::stop(int number, std::chrono::milliseconds grace) {
  signal(number);
  if (!wait_until(Steady::now() + grace)) signal(SIGKILL);
  return wait();
}

Captured run_and_capture(ProcessSpec spec, std::chrono::seconds timeout) {
  Pipe out;
  spec.descriptors.push_back({out.write_end(), 1});
  spec.descriptors.push_back({out.write_end(), 2});
  spec.kill_group_at_end = spec.own_group;
  Process process(spec);
  out.close_write();
  Captured captured;
  const Steady::time_point deadline = Steady::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
    pollfd readable{out.read_end(), POLLIN, 0};
    const int ready = left <= 0 ? 0 : ::poll(&readable, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0)
      throw std::runtime_error(spec.argv[0] + " did not end within " + std::to_string(timeout.count()) + " s");
    char piece[4096];
    const ssize_t n = ::read(out.read_end(), piece, sizeof piece);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    if (captured.output.size() < kMostCaptured) captured.output.append(piece, static_cast<std::size_t>(n));
  }
  captured.end = process.wait();
  return captured;
}

std::optional<int> confined_exec(int argc, char** argv) {
  if (argc <= kFixedWords || argv[1] != kConfinedExec) return std::nullopt;
  std::int64_t numbers[kFixedWords - 2];
  for (int i = 0; i < kFixedWords - 2; ++i) {
    const std::string_view word = argv[i + 2];
    if (std::from_chars(word.data(), word.data() + word.size(), numbers[i]).ptr != word.data() + word.size()) return 64;
  }
  const int report = static_cast<int>(numbers[5]);
  ::fcntl(report, F_SETFD, FD_CLOEXEC);
  int error =
      confine(numbers[0], static_cast<int>(numbers[1]), numbers[2], numbers[3], static_cast<std::uint64_t>(numbers[4]));
  if (error == 0) {
    ::execvp(argv[kFixedWords], argv + kFixedWords);
    error = errno;
  }
  [[maybe_unused]] const ssize_t n = ::write(report, &error, sizeof error);
  return 127;
}

}  // namespace core
