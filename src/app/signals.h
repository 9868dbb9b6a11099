// SIGTERM and SIGINT as something to wait for, and SIGUSR1 as a word to read the schema again. Made on the main thread
// before any other thread, so that all inherit the block and the signal reaches wait().
#pragma once

#include <chrono>
#include <csignal>
#include <functional>

namespace app {

class Signals {
 public:
  Signals();
  void wait(const std::function<void()>& reload = {});  // until a stop signal; `reload` at each SIGUSR1
  bool wait_for(std::chrono::milliseconds at_most);     // true: a stop signal came

 private:
  sigset_t waited_;
};

}  // namespace app
