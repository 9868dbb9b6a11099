// Child processes of the supervisor: started with an exact environment, watched, stopped. Linux only: a child is sent
// `death_signal` by the kernel when its parent dies, whatever killed the parent.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ops {

using Environment = std::map<std::string, std::string>;
Environment own_environment();

struct Spawn {
  std::vector<std::string> command;  // command[0] is the program's path
  Environment environment = own_environment();
  std::string log_file;      // standard output and error are appended there; empty: inherited
  std::string directory;     // working directory; empty: inherited
  std::optional<uid_t> uid;  // run as this user (the caller is root)
  std::optional<gid_t> gid;
  int death_signal = 15;
  bool own_group = true;  // a Ctrl-C in the terminal reaches the supervisor only
};

// Throws std::runtime_error with the reason when the program cannot be started.
pid_t start(const Spawn& spawn);
// Runs to the end and returns its exit status (128 + signal when it was killed) and what it printed.
struct Finished {
  int status = 0;
  std::string output;
};
Finished run(Spawn spawn, std::chrono::seconds at_most = std::chrono::seconds{60});
// The exit status when the child has ended (it is reaped then), nothing while it runs.
std::optional<int> ended(pid_t pid);
// Sends `signal`, waits, sends KILL after `grace`. Returns the exit status.
int stop(pid_t pid, int signal, std::chrono::milliseconds grace);

}  // namespace ops
