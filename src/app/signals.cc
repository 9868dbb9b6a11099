#include "app/signals.h"

#include <sys/resource.h>

namespace app {

Signals::Signals() {
  ::sigemptyset(&waited_);
  ::sigaddset(&waited_, SIGTERM);
  ::sigaddset(&waited_, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &waited_, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  // Connections are files, and the soft limit is meant for shells.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

void Signals::wait() {
  int number = 0;
  ::sigwait(&waited_, &number);
}

bool Signals::wait_for(std::chrono::milliseconds at_most) {
  const timespec limit{at_most.count() / 1000, at_most.count() % 1000 * 1'000'000};
  return ::sigtimedwait(&waited_, nullptr, &limit) > 0;
}

}  // namespace app
