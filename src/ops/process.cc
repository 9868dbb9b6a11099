#include "ops/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace ops {

namespace {

using Clock = std::chrono::steady_clock;

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

// Runs between fork and exec: only async-signal-safe calls. Failure is told through `report`.
[[noreturn]] void become(const Spawn& spawn, char* const* argv, char* const* envp, int out, int report, pid_t parent) {
  const auto fail = [&](int error) {
    [[maybe_unused]] const ssize_t n = ::write(report, &error, sizeof error);
    ::_exit(127);
  };
  if (spawn.own_group) ::setpgid(0, 0);
  if (spawn.gid && (::setgroups(0, nullptr) != 0 || ::setgid(*spawn.gid) != 0)) fail(errno);
  if (spawn.uid && ::setuid(*spawn.uid) != 0) fail(errno);
  // After setuid, which clears it.
  if (spawn.death_signal != 0) ::prctl(PR_SET_PDEATHSIG, spawn.death_signal);
  if (::getppid() != parent) ::_exit(127);
  if (!spawn.directory.empty() && ::chdir(spawn.directory.c_str()) != 0) fail(errno);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, 0);
  if (out >= 0) {
    ::dup2(out, 1);
    ::dup2(out, 2);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::execve(argv[0], argv, envp);
  fail(errno);
  ::_exit(127);
}

pid_t fork_and_exec(const Spawn& spawn, int out) {
  std::vector<char*> argv;
  for (const std::string& word : spawn.command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::vector<std::string> pairs;
  for (const auto& [name, value] : spawn.environment) pairs.push_back(name + "=" + value);
  std::vector<char*> envp;
  for (std::string& pair : pairs) envp.push_back(pair.data());
  envp.push_back(nullptr);

  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) throw std::runtime_error(fmt::format("pipe: {}", std::strerror(errno)));
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(spawn, argv.data(), envp.data(), out, report[1], parent);
  ::close(report[1]);
  int error = pid < 0 ? errno : 0;
  if (pid > 0 && ::read(report[0], &error, sizeof error) != sizeof error) error = 0;
  ::close(report[0]);
  if (error != 0) {
    if (pid > 0) ::waitpid(pid, nullptr, 0);
    throw std::runtime_error(fmt::format("cannot start {}: {}", spawn.command.at(0), std::strerror(error)));
  }
  return pid;
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

pid_t start(const Spawn& spawn) {
  int out = -1;
  if (!spawn.log_file.empty()) {
    out = ::open(spawn.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out < 0) throw std::runtime_error(fmt::format("cannot write {}: {}", spawn.log_file, std::strerror(errno)));
  }
  try {
    const pid_t pid = fork_and_exec(spawn, out);
    if (out >= 0) ::close(out);
    return pid;
  } catch (...) {
    if (out >= 0) ::close(out);
    throw;
  }
}

Finished run(Spawn spawn, std::chrono::seconds at_most) {
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error(fmt::format("pipe: {}", std::strerror(errno)));
  pid_t pid = 0;
  try {
    pid = fork_and_exec(spawn, out[1]);
  } catch (...) {
    ::close(out[0]);
    ::close(out[1]);
    throw;
  }
  ::close(out[1]);
  Finished finished;
  const auto deadline = Clock::now() + at_most;
  char buffer[4096];
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wait{out[0], POLLIN, 0};
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) == 0) {
      ::close(out[0]);
      stop(pid, SIGKILL, std::chrono::milliseconds{0});
      throw std::runtime_error(fmt::format("{} did not end within {} s", spawn.command.at(0), at_most.count()));
    }
    const ssize_t n = ::read(out[0], buffer, sizeof buffer);
    if (n <= 0) break;
    if (finished.output.size() < (1U << 20)) finished.output.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(out[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  finished.status = exit_code(status);
  return finished;
}

std::optional<int> ended(pid_t pid) {
  int status = 0;
  const pid_t found = ::waitpid(pid, &status, WNOHANG);
  if (found == 0) return std::nullopt;
  return found < 0 ? 127 : exit_code(status);
}

int stop(pid_t pid, int signal, std::chrono::milliseconds grace) {
  ::kill(pid, signal);
  const auto deadline = Clock::now() + grace;
  for (;;) {
    if (const auto status = ended(pid)) return *status;
    if (Clock::now() >= deadline) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return exit_code(status);
}

}  // namespace ops
