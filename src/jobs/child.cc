#include "jobs/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "jobs/wire.h"

namespace jobs {

using Steady = std::chrono::steady_clock;

namespace {

// What the loop and the supervising thread tell each other.
struct Desk {
  std::atomic<bool> stop = false;
  std::atomic<bool> at_once = false;     // without the grace
  std::atomic<std::size_t> waiting = 0;  // lines that the loop has not taken yet
  std::mutex lock;
  std::string to_child;
};

}  // namespace

struct Child::Shared {
  explicit Shared(core::Loop& the_loop) : loop(the_loop) {}
  ~Shared() {
    if (socket >= 0) ::close(socket);
    if (bell >= 0) ::close(bell);
  }
  core::Loop& loop;
  ChildSpec spec;
  int socket = -1;
  int bell = -1;  // the loop rings it: there is something on the desk
  Desk desk;
  std::thread thread;
  // On the loop only.
  std::deque<std::string> lines;
  std::optional<ChildEnd> end;
  core::Event news;
};

namespace {

constexpr std::chrono::milliseconds kLookEvery{1000};
constexpr std::size_t kMostWaiting = 256;       // lines that the loop has not taken yet
constexpr std::size_t kMostUnread = 16u << 20;  // bytes that the child has not taken yet

// On the disk, so that a file full of holes counts what it takes.
std::uint64_t bytes_in(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (auto it = std::filesystem::recursive_directory_iterator(folder, ignored);
       !ignored && it != std::filesystem::recursive_directory_iterator(); it.increment(ignored)) {
    struct stat facts{};
    if (::lstat(it->path().c_str(), &facts) == 0) bytes += static_cast<std::uint64_t>(facts.st_blocks) * 512;
  }
  return bytes;
}

// One per supervising thread; owns the process until it is reaped.
class Supervisor {
 public:
  Supervisor(const ChildSpec& spec, int socket, int bell, Desk& desk)
      : spec_(spec), socket_(socket), bell_(bell), desk_(desk) {}

  ChildEnd run(int child_end, const std::function<void(std::vector<std::string>)>& heard) {
    ChildEnd end;
    if (const int why = start(child_end); why != 0) {
      end.how = ChildEnd::How::never_started;
      end.status = why;
      return end;
    }
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    const Steady::time_point deadline = Steady::now() + spec_.timeout;
    std::optional<Steady::time_point> kill_at;
    Steady::time_point look_at = Steady::now() + kLookEvery;
    bool stopping = false;
    bool timed_out = false;
    bool too_large = false;
    pollfd watched[3] = {{socket_, POLLIN, 0}, {bell_, POLLIN, 0}, {handle, POLLIN, 0}};
    for (;;) {
      const auto next = kill_at ? *kill_at : deadline;
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(next - Steady::now()).count() + 1;
      // Without pidfd (old kernels, some sandboxes) the child's end is looked for every 20 ms.
      // A child that talks faster than the loop listens waits.
      const bool listening = !deaf_ && desk_.waiting < kMostWaiting;
      watched[0].fd = listening || !sending_.empty() ? socket_ : -1;
      watched[0].events = static_cast<short>((listening ? POLLIN : 0) | (sending_.empty() ? 0 : POLLOUT));
      const long most = !deaf_ && !listening   ? 20
                        : handle < 0           ? 20
                        : spec_.most_bytes > 0 ? kLookEvery.count()
                                               : 3600000;
      ::poll(watched, 3, static_cast<int>(std::clamp<long>(left, 0, most)));
      if (listening && (watched[0].revents & ~POLLOUT) != 0 && !hear(heard)) deaf_ = true;
      if (watched[1].revents != 0) answer_bell();
      say();
      if (desk_.stop && !stopping) {
        stopping = true;
        ::kill(-pid_, SIGTERM);
        kill_at = Steady::now() + (desk_.at_once ? std::chrono::milliseconds(0) : spec_.grace);
      }
      if (spec_.most_bytes > 0 && !kill_at && Steady::now() >= look_at) {
        look_at = Steady::now() + kLookEvery;
        if (bytes_in(spec_.folder) > spec_.most_bytes) {
          too_large = true;
          ::kill(-pid_, SIGKILL);
          kill_at = Steady::now() + std::chrono::seconds(1);
        }
      }
      if (Steady::now() >= kill_at.value_or(deadline)) {
        if (!kill_at) {
          timed_out = true;
          ::kill(-pid_, SIGTERM);
          kill_at = Steady::now() + spec_.grace;
        } else {
          ::kill(-pid_, SIGKILL);
          kill_at = Steady::now() + std::chrono::seconds(1);
        }
      }
      if (watched[2].revents != 0 || handle < 0) {
        if (reap(end)) break;
      }
    }
    // No more than a socket holds: somebody who left the group may still be talking.
    for (int pieces = 0; !deaf_ && pieces < 64 && hear(heard); ++pieces) {
    }
    if (handle >= 0) ::close(handle);
    if (timed_out) end.how = ChildEnd::How::timed_out;
    else if (too_large) end.how = ChildEnd::How::too_large;
    else if (stopping) end.how = ChildEnd::How::stopped;
    return end;
  }

 private:
  int start(int child_end) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&how);
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, 2, 1);
    ::posix_spawn_file_actions_adddup2(&files, child_end, kWireFd);
    ::posix_spawn_file_actions_addclosefrom_np(&files, kWireFd + 1);
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&how, &all);
    ::posix_spawnattr_setsigmask(&how, &none);
    ::posix_spawnattr_setpgroup(&how, 0);
    ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    std::vector<char*> argv;
    std::vector<char*> environment;
    for (const std::string& word : spec_.argv) argv.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& pair : spec_.environment) environment.push_back(const_cast<char*>(pair.c_str()));
    argv.push_back(nullptr);
    environment.push_back(nullptr);
    const int why = ::posix_spawn(&pid_, argv[0], &files, &how, argv.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&how);
    ::close(child_end);
    return why;
  }

  void answer_bell() {
    std::uint64_t rung = 0;
    [[maybe_unused]] const ssize_t n = ::read(bell_, &rung, sizeof rung);
    const std::lock_guard hold(desk_.lock);
    sending_ += std::exchange(desk_.to_child, "");
  }
  // As much as the socket takes; a child that is gone has nothing to be told.
  void say() {
    while (!sending_.empty()) {
      const ssize_t n = ::send(socket_, sending_.data(), sending_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno != EAGAIN) sending_.clear();
      if (n <= 0) return;
      sending_.erase(0, static_cast<std::size_t>(n));
    }
  }

  // False when the other end is closed.
  bool hear(const std::function<void(std::vector<std::string>)>& heard) {
    char piece[16384];
    const ssize_t n = ::recv(socket_, piece, sizeof piece, MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR ? watched_alive() : false;
    if (n == 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(n));
    std::vector<std::string> lines;
    std::size_t start = 0;
    for (std::size_t end; (end = buffer_.find('\n', start)) != std::string::npos; start = end + 1)
      lines.push_back(buffer_.substr(start, end - start));
    buffer_.erase(0, start);
    if (buffer_.size() > kLongestLine) {
      ::kill(-pid_, SIGKILL);
      return false;
    }
    if (!lines.empty()) heard(std::move(lines));
    return true;
  }
  // Once the process is reaped an empty socket has nothing more to say, though a grandchild may hold it open.
  bool watched_alive() const { return !reaped_; }

  bool reap(ChildEnd& end) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0)
      return false;
    ::kill(-pid_, SIGKILL);  // what the step left behind, while its id cannot be anybody else's
    int status = 0;
    rusage used{};
    pid_t got;
    while ((got = ::wait4(pid_, &status, 0, &used)) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    const auto ms = [](const timeval& t) { return std::int64_t{t.tv_sec} * 1000 + t.tv_usec / 1000; };
    end.cpu_ms = ms(used.ru_utime) + ms(used.ru_stime);
    end.peak_kb = used.ru_maxrss;
    if (got > 0 && WIFSIGNALED(status)) {
      end.how = ChildEnd::How::killed;
      end.status = WTERMSIG(status);
    } else {
      end.how = ChildEnd::How::exited;
      end.status = got > 0 ? WEXITSTATUS(status) : -1;
    }
    return true;
  }

  const ChildSpec& spec_;
  int socket_;
  int bell_;
  Desk& desk_;
  bool deaf_ = false;  // the child closed its end
  std::string sending_;
  pid_t pid_ = -1;
  bool reaped_ = false;
  std::string buffer_;
};

}  // namespace

Child::Child(core::Loop& loop, ChildSpec spec) : shared_(std::make_shared<Shared>(loop)) {
  shared_->spec = std::move(spec);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
      (shared_->bell = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
    shared_->end = ChildEnd{.how = ChildEnd::How::never_started, .status = errno};
    return;
  }
  shared_->socket = ends[0];
  // The loop may be gone for the thread only after ~Child has joined it, so posting is safe; what is posted holds the
  // state weakly, because the Child may be gone when the loop comes to it.
  shared_->thread = std::thread([weak = std::weak_ptr<Shared>(shared_), &loop, &spec = shared_->spec,
                                 &desk = shared_->desk, socket = ends[0], bell = shared_->bell, child_end = ends[1]] {
    Supervisor supervisor(spec, socket, bell, desk);
    const ChildEnd end = supervisor.run(child_end, [&](std::vector<std::string> lines) {
      desk.waiting += lines.size();
      loop.post([weak, lines = std::move(lines)]() mutable {
        if (const auto shared = weak.lock()) {
          for (std::string& line : lines) shared->lines.push_back(std::move(line));
          shared->news.set();
        }
      });
    });
    loop.post([weak, end] {
      if (const auto shared = weak.lock()) {
        shared->end = end;
        shared->news.set();
      }
    });
  });
}

Child::~Child() {
  if (!shared_->thread.joinable()) return;
  if (!shared_->end) {
    shared_->desk.at_once = true;
    stop();
  }
  shared_->thread.join();
}

void Child::send(std::string line) {
  bool too_much = false;
  {
    const std::lock_guard hold(shared_->desk.lock);
    std::string& waiting = shared_->desk.to_child;
    too_much = waiting.size() + line.size() > kMostUnread;
    if (!too_much) waiting += line + '\n';
  }
  if (too_much) shared_->desk.stop = true;
  ring();
}

core::Task<std::optional<std::string>> Child::next() {
  for (;;) {
    if (!shared_->lines.empty()) {
      std::string line = std::move(shared_->lines.front());
      shared_->lines.pop_front();
      --shared_->desk.waiting;
      co_return line;
    }
    if (shared_->end) co_return std::nullopt;
    co_await shared_->news.wait(std::chrono::hours(1));
  }
}

const ChildEnd& Child::end() const { return *shared_->end; }

void Child::stop() {
  shared_->desk.stop = true;
  ring();
}

void Child::ring() {
  const std::uint64_t ring = 1;
  [[maybe_unused]] const ssize_t n = ::write(shared_->bell, &ring, sizeof ring);
}

}  // namespace jobs
