// SIGTERM and SIGINT as something to wait for. Made on the main thread before any other thread, so that all inherit the
// block and the signal reaches wait().
#pragma once

#include <chrono>
#include <csignal>

namespace app {

class Signals {
 public:
  Signals();
  void wait();                                       // until told to stop
  bool wait_for(std::chrono::milliseconds at_most);  // true: told to stop

 private:
  sigset_t waited_;
};

}  // namespace app
