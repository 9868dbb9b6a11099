// A step's process, as the worker sees it. A thread of its own starts it and waits for it, because the kernel kills a
// child with the thread that started it; the lines it writes arrive on the worker's loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/loop.h"
#include "core/process.h"
#include "core/task.h"

namespace jobs {

struct StepProcessSpec {
  std::vector<std::string> argv;  // argv[0] is the program's path
  core::Environment environment;
  std::chrono::seconds timeout{600};
  std::chrono::milliseconds grace{3000};  // between TERM and KILL
  std::string folder;                     // where it may write; its size is measured every second
  std::uint64_t max_folder_bytes = 0;     // a larger folder ends the process; 0: no limit
};

struct StepProcessEnd {
  enum class How { exited, killed, timed_out, too_large, stopped, never_started };
  How how = How::exited;
  int status = 0;  // exit status, signal, or errno
  std::int64_t cpu_ms = 0;
  std::int64_t peak_kb = 0;
};

class StepProcess {
 public:
  StepProcess(core::Loop& loop, StepProcessSpec spec);
  ~StepProcess();  // kills what still runs and waits for it
  StepProcess(const StepProcess&) = delete;
  StepProcess& operator=(const StepProcess&) = delete;

  void send(std::string line);  // without its newline; a process that leaves 16 MiB unread is killed
  // The next line it wrote; nothing once it has ended: end() has the reason.
  core::Task<std::optional<std::string>> next();
  const StepProcessEnd& end() const;
  // TERM to the whole group, KILL after the grace. next() goes on until the process has ended.
  void stop();

 private:
  void wake();
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace jobs
