#include "app/signals.h"

#include <sys/resource.h>

namespace app {

Signals::Signals() {
  ::sigemptyset(&waited_);
  ::sigaddset(&waited_, SIGTERM);
  ::sigaddset(&waited_, SIGINT);
  ::sigaddset(&waited_, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &waited_, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  // Connections are files, and the soft limit is meant for shells.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

void Signals::wait(const std::function<void()>& reload) {
  for (int number = 0;; number = 0) {
    ::sigwait(&waited_, &number);
    if (number == SIGTERM || number == SIGINT) return;
    if (number == SIGUSR1 && reload) reload();
  }
}

bool Signals::wait_for(std::chrono::milliseconds at_most) {
  const timespec limit{at_most.count() / 1000, at_most.count() % 1000 * 1'000'000};
  const int number = ::sigtimedwait(&waited_, nullptr, &limit);
  return number == SIGTERM || number == SIGINT;
}

}  // namespace app
