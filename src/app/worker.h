// `tenon worker`: claims and runs pipeline jobs, delivers the outbox, runs maintenance.
#pragma once

#include <memory>

#include "app/settings.h"
#include "core/loop.h"

namespace app {

struct WorkerOptions {
  bool once = false;    // until no job and no delivery is ready, then the end
  bool outbox = false;  // deliveries only
};
// Runs until SIGTERM or SIGINT (or, with once, until nothing is ready); returns the process's exit status.
int worker(const Settings& settings, WorkerOptions options);

// A worker as a part of another process (`tenon serve`), on a thread of its own.
class WorkerThread {
 public:
  explicit WorkerThread(const Settings& settings);
  ~WorkerThread();  // stops and waits

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace app
