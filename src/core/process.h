// Child processes: started with an exact environment and set of descriptors, watched through a pidfd, reaped once.
// Linux only. posix_spawn starts them, so nothing runs between fork and exec in a program that has threads; what
// posix_spawn cannot set (a signal at the parent's death, another user, a memory limit) our own binary sets on itself
// before it executes the program: confined_exec() below.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace core {

using Environment = std::map<std::string, std::string>;
Environment own_environment();

struct ProcessSpec {
  struct Descriptor {
    int ours = -1;
    int theirs = -1;  // 1 and up; the child has no other descriptors than these and 0 to 2
  };
  struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
  };
  std::vector<std::string> argv;  // argv[0]: a path, or a name to look up in PATH
  Environment environment = own_environment();
  std::string directory;                // empty: inherited
  std::string log_file;                 // standard output and error are appended to it; empty: inherited
  std::vector<Descriptor> descriptors;  // standard input is /dev/null
  bool own_group = true;                // Ctrl-C in a terminal does not reach it
  bool kill_group_at_end = false;       // what the process leaves behind in its group is killed before it is reaped
  int death_signal = 0;                 // sent by the kernel when the thread that started it ends; 0: none
  std::optional<Identity> run_as;       // needs root
  std::uint64_t memory_bytes = 0;       // address space; 0: no limit
};

struct ProcessEnd {
  bool by_signal = false;
  int value = 0;  // the exit status, or the signal's number
  std::int64_t cpu_ms = 0;
  std::int64_t peak_kb = 0;
  int exit_code() const { return by_signal ? 128 + value : value; }  // as a shell counts
};

// A started child. Not thread-safe: one thread starts it and waits for it.
class Process {
 public:
  // Throws std::system_error: ENOENT or EACCES when there is no such program, EPERM when it may not run as that user.
  explicit Process(const ProcessSpec& spec);
  ~Process();  // KILLs what still runs, and reaps it
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  pid_t pid() const { return pid_; }
  // Readable once the process has ended. -1 where the kernel has no pidfd_open: poll ended() then.
  int descriptor() const { return descriptor_; }
  void signal(int number) const;        // to the process alone
  void signal_group(int number) const;  // to all of its group; needs own_group
  // How it ended, reaped at the first call that finds it ended; nothing while it runs.
  std::optional<ProcessEnd> ended();
  ProcessEnd wait();
  // Sends `number`, waits, sends KILL after `grace`.
  ProcessEnd stop(int number, std::chrono::milliseconds grace);
  void detach();  // the destructor leaves it alone

 private:
  bool wait_until(std::chrono::steady_clock::time_point deadline);
  void reap();
  pid_t pid_ = -1;
  int descriptor_ = -1;
  bool own_group_ = true;
  bool kill_group_at_end_ = false;
  std::optional<ProcessEnd> end_;
};

// An anonymous pipe whose ends close on exec. Throws std::system_error when there is none to be had.
class Pipe {
 public:
  Pipe();
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_read();
  void close_write();

 private:
  int ends_[2] = {-1, -1};
};

// Runs a program to its end and returns how it ended and what it printed on both streams, at most 1 MiB of it. Throws
// std::runtime_error when it takes longer than `timeout`, std::system_error when it cannot be started.
struct Captured {
  ProcessEnd end;
  std::string output;
};
Captured run_and_capture(ProcessSpec spec, std::chrono::seconds timeout = std::chrono::seconds{60});

// To be called first in main() of every program that starts processes: nothing when this is an ordinary start; else
// it confines this process and executes the program that the rest of argv names, and returns only when that failed.
std::optional<int> confined_exec(int argc, char** argv);

}  // namespace core
