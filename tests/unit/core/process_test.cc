#include "core/process.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "core/crypto.h"
#include "support/wait.h"

using namespace std::chrono_literals;

namespace {

core::ProcessSpec shell(std::string script) {
  core::ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", std::move(script)};
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  return spec;
}

bool is_alive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t name_end = text.rfind(')');
  return stat && name_end != std::string::npos && text[name_end + 2] != 'Z';
}

}  // namespace

TEST_CASE("a program's exit status and what it printed on both streams come back") {
  const core::Captured captured = core::run_and_capture(shell("echo out; echo err >&2; exit 3"));
  CHECK(captured.output == "out\nerr\n");
  CHECK(captured.end.exit_code() == 3);
  CHECK(captured.end.peak_kb > 0);
}

TEST_CASE("a process that a signal ended counts as 128 and the signal") {
  core::Process process(shell("kill -TERM $$"));
  const core::ProcessEnd end = process.wait();
  CHECK(end.by_signal);
  CHECK(end.exit_code() == 128 + SIGTERM);
  CHECK(process.ended()->value == SIGTERM);  // and is remembered after it was reaped
}

TEST_CASE("a missing program is an error of the start, confined or not") {
  for (const int death_signal : {0, SIGKILL}) {
    core::ProcessSpec spec;
    spec.argv = {"/no/such/program"};
    spec.death_signal = death_signal;
    int error = 0;
    try {
      core::Process process(spec);
    } catch (const std::system_error& e) {
      error = e.code().value();
    }
    CHECK(error == ENOENT);
  }
}

TEST_CASE("a child sees the environment, folder and descriptors that were named, and no others") {
  core::ProcessSpec spec = shell("env | grep -v ^PWD= | sort; pwd; ls /proc/$$/fd");
  spec.environment = {{"PATH", "/usr/bin:/bin"}, {"COLOUR", "cedar"}};
  spec.directory = "/";
  for (const int death_signal : {0, SIGTERM}) {
    spec.death_signal = death_signal;
    const core::Captured captured = core::run_and_capture(spec);
    CHECK(captured.output.find("COLOUR=cedar\n") != std::string::npos);
    CHECK(captured.output.find("HOME=") == std::string::npos);
    CHECK(captured.output.ends_with("/\n0\n1\n2\n"));
  }
}

TEST_CASE("the kernel ends a confined child whose parent has died") {
  const std::string pid_file = std::filesystem::temp_directory_path() / ("tenon-" + core::hex(core::random_bytes(8)));
  const pid_t parent = ::fork();
  if (parent == 0) {
    core::ProcessSpec spec = shell("echo $$ > " + pid_file + "; exec sleep 100");
    spec.death_signal = SIGKILL;
    core::Process process(spec);
    process.detach();
    support::wait_until([&] { return std::filesystem::exists(pid_file) && std::filesystem::file_size(pid_file) > 0; });
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(parent, &status, 0) == parent);
  pid_t pid = 0;
  std::ifstream(pid_file) >> pid;
  REQUIRE(pid > 1);
  CHECK(support::wait_until([&] { return !is_alive(pid); }));
  std::filesystem::remove(pid_file);
}

TEST_CASE("a memory limit holds for the program alone") {
  core::ProcessSpec spec = shell("ulimit -v");
  spec.memory_bytes = 512u << 20;
  CHECK(core::run_and_capture(spec).output == "524288\n");
  spec.memory_bytes = 0;
  spec.death_signal = SIGTERM;
  CHECK(core::run_and_capture(spec).output == "unlimited\n");
}

TEST_CASE("root can run a program as somebody else, and nobody else can" * doctest::skip(::geteuid() != 0)) {
  core::ProcessSpec spec = shell("id -u; id -g; id -G");
  spec.run_as = core::ProcessSpec::Identity{65534, 65534};
  CHECK(core::run_and_capture(spec).output == "65534\n65534\n65534\n");
}

TEST_CASE("stop gives a process its grace, then kills it") {
  core::Process obeys(shell("exec sleep 100"));  // else the shell's child outlives it
  CHECK(obeys.stop(SIGTERM, 5s).value == SIGTERM);
  core::Process ignores(shell("trap '' TERM; echo; while :; do sleep 1; done"));
  CHECK(ignores.stop(SIGTERM, 300ms).by_signal);
}

TEST_CASE("what a process leaves behind in its group is killed with it where that was asked for") {
  core::ProcessSpec spec = shell("sleep 100 >/dev/null 2>&1 & echo $!");
  const pid_t left = std::stoi(core::run_and_capture(spec).output);
  CHECK(support::wait_until([&] { return !is_alive(left); }));
}

TEST_CASE("a program that does not end in time is an error, and is killed") {
  CHECK_THROWS_AS(core::run_and_capture(shell("sleep 100"), 1s), std::runtime_error);
}
