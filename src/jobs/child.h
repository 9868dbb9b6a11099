// A step process seen from the worker: started in its own process group on a thread that waits for it, since a child is
// killed with the thread that made it. Lines it says arrive on the worker's loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/loop.h"
#include "core/task.h"

namespace jobs {

struct ChildSpec {
  std::vector<std::string> argv;  // argv[0] is the program
  std::vector<std::string> environment;
  std::chrono::seconds timeout{600};
  std::chrono::milliseconds grace{3000};  // between TERM and KILL
  std::string folder;                     // what it may write to, looked at now and then
  std::uint64_t most_bytes = 0;           // more in there ends it; 0: no bound
};

struct ChildEnd {
  enum class How { exited, killed, timed_out, too_large, stopped, never_started };
  How how = How::exited;
  int status = 0;  // exit status, signal, or errno
  std::int64_t cpu_ms = 0;
  std::int64_t peak_kb = 0;
};

class Child {
 public:
  Child(core::Loop& loop, ChildSpec spec);
  ~Child();  // kills what still runs and waits for it
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void send(std::string line);  // without its newline; a child that leaves 16 MiB unread is killed
  // The next line it says; nothing when it is over: then end() tells how.
  core::Task<std::optional<std::string>> next();
  const ChildEnd& end() const;
  // TERM to the whole group, KILL after the grace. next() goes on until it is over.
  void stop();

 private:
  void ring();
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace jobs
