#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "core/loop.h"
#include "core/text.h"
#include "jobs/step_process.h"
#include "jobs/work_dir.h"
#include "support/wait.h"

using jobs::StepProcessEnd;

namespace {

jobs::StepProcessSpec shell(std::string script) {
  jobs::StepProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", std::move(script)};
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  spec.grace = std::chrono::milliseconds(200);
  return spec;
}

core::Task<std::vector<std::string>> all_lines(jobs::StepProcess& child) {
  std::vector<std::string> lines;
  while (auto line = co_await child.next()) lines.push_back(*line);
  co_return lines;
}

bool alive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t name_end = text.rfind(')');
  return stat && name_end != std::string::npos && text[name_end + 2] != 'Z';
}

}  // namespace

TEST_CASE("lines of a child arrive whole and in order, the last ones of a quick end too") {
  core::Loop loop;
  jobs::StepProcess child(loop, shell("for i in 1 2 3; do echo line $i >&3; done; printf 'no newline' >&3; exit 7"));
  CHECK(loop.run_until(all_lines(child)) == std::vector<std::string>{"line 1", "line 2", "line 3"});
  CHECK(child.end().how == StepProcessEnd::How::exited);
  CHECK(child.end().status == 7);
  CHECK(child.end().peak_kb > 0);
}

TEST_CASE("what is sent is read by the child") {
  core::Loop loop;
  jobs::StepProcess child(loop, shell("read x <&3; echo \"got $x\" >&3"));
  child.send("hello");
  CHECK(loop.run_until(all_lines(child)) == std::vector<std::string>{"got hello"});
}

TEST_CASE("a child that ends by a signal, takes too long or cannot start says so") {
  core::Loop loop;
  {
    jobs::StepProcess child(loop, shell("kill -SEGV $$"));
    loop.run_until(all_lines(child));
    CHECK(child.end().how == StepProcessEnd::How::killed);
    CHECK(child.end().status == SIGSEGV);
  }
  {
    jobs::StepProcessSpec spec = shell("trap '' TERM; while :; do sleep 1; done");
    spec.timeout = std::chrono::seconds(1);
    const auto before = std::chrono::steady_clock::now();
    jobs::StepProcess child(loop, spec);
    loop.run_until(all_lines(child));
    CHECK(child.end().how == StepProcessEnd::How::timed_out);
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(8));
  }
  {
    jobs::StepProcessSpec spec = shell("");
    spec.argv = {"/no/such/program"};
    jobs::StepProcess child(loop, spec);
    loop.run_until(all_lines(child));
    CHECK(child.end().how == StepProcessEnd::How::never_started);
    CHECK(child.end().status == ENOENT);
  }
}

TEST_CASE("stopping a child ends what it has started, too") {
  core::Loop loop;
  jobs::StepProcess child(loop, shell("sleep 600 & echo $! >&3; wait"));
  const auto first = [&]() -> core::Task<std::string> { co_return (co_await child.next()).value_or(""); };
  const auto pid = core::parse_int(loop.run_until(first()));
  REQUIRE(pid);
  CHECK(alive(static_cast<pid_t>(*pid)));
  child.stop();
  loop.run_until(all_lines(child));
  CHECK(child.end().how == StepProcessEnd::How::stopped);
  CHECK(support::wait_until([&] { return !alive(static_cast<pid_t>(*pid)); }));
}

TEST_CASE("a child that is let go of is killed") {
  core::Loop loop;
  std::optional<std::int64_t> pid;
  {
    jobs::StepProcess child(loop, shell("trap '' TERM; echo $$ >&3; while :; do sleep 1; done"));
    const auto first = [&]() -> core::Task<std::string> { co_return (co_await child.next()).value_or(""); };
    pid = core::parse_int(loop.run_until(first()));
    REQUIRE(pid);
  }
  CHECK_FALSE(alive(static_cast<pid_t>(*pid)));
}

TEST_CASE("work folders of the dead are removed, those of the living are not") {
  char name[] = "/tmp/tenon-work-test.XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  const std::string root = name;
  std::filesystem::create_directories(root + "/tenon-w-dead-1/j_x");
  std::filesystem::create_directories(root + "/somebody-elses/files");
  {
    const jobs::WorkDir living(root, "w/../1");
    const jobs::WorkDir second(root, "w2");
    CHECK_FALSE(std::filesystem::exists(root + "/tenon-w-dead-1"));
    CHECK(std::filesystem::exists(living.path()));
    CHECK(std::filesystem::path(living.path()).parent_path() == root);
    CHECK(std::filesystem::exists(second.path()));
    // A later sweep, which a worker makes while others live and start, takes only what is dead.
    std::filesystem::create_directories(root + "/tenon-w-dead-2/j_1");
    std::filesystem::create_directories(root + "/tenon-n-starts");
    jobs::sweep_work_folders(root);
    CHECK_FALSE(std::filesystem::exists(root + "/tenon-w-dead-2"));
    CHECK(std::filesystem::exists(root + "/tenon-n-starts"));
    CHECK(living.exists());
    std::filesystem::remove(root + "/tenon-n-starts");
    std::filesystem::remove_all(second.path());
    CHECK_FALSE(second.exists());
  }
  CHECK(std::filesystem::exists(root + "/somebody-elses/files"));
  std::filesystem::remove_all(root + "/somebody-elses");
  CHECK(std::filesystem::is_empty(root));
  std::filesystem::remove_all(root);
}

TEST_CASE("more than a socket holds reaches a child that reads late") {
  core::Loop loop;
  jobs::StepProcess child(loop, shell("sleep 0.3; IFS= read -r x <&3; echo ${#x} >&3"));
  child.send(std::string(600000, 'x'));
  CHECK(loop.run_until(all_lines(child)) == std::vector<std::string>{"600000"});
}

TEST_CASE("a child that fills its folder is ended, however small each file") {
  char folder[] = "/tmp/tenon-child.XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  core::Loop loop;
  jobs::StepProcessSpec spec = shell("i=0; while :; do head -c 1000000 /dev/zero > " + std::string(folder) +
                                     "/$i; i=$((i+1)); sleep 0.02; done");
  spec.folder = folder;
  spec.max_folder_bytes = 10000000;
  spec.timeout = std::chrono::seconds(30);
  jobs::StepProcess child(loop, spec);
  loop.run_until(all_lines(child));
  CHECK(child.end().how == StepProcessEnd::How::too_large);
  std::filesystem::remove_all(folder);
}
