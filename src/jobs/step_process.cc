#include "jobs/step_process.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "jobs/step_channel.h"

namespace jobs {
namespace {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kMeasureEvery{1000};  // the folder's size
constexpr milliseconds kPollWithoutPidfd{20};
constexpr milliseconds kPollWhileBehind{20};   // the loop has not taken the lines yet
constexpr milliseconds kKillAgainAfter{1000};  // for a process that the kernel does not end at once
constexpr std::size_t kMaxLinesWaiting = 256;  // that the loop has not taken yet
constexpr std::size_t kMaxUnread = 16u << 20;  // bytes that the process has not taken yet
constexpr int kMaxReadsAtEnd = 64;             // no more than a socket holds

// Shared between the loop and the supervising thread.
struct Mailbox {
  std::atomic<bool> stop = false;
  std::atomic<bool> at_once = false;           // without the grace
  std::atomic<std::size_t> lines_waiting = 0;  // that the loop has not taken yet
  std::mutex lock;
  std::string outgoing;
};

// Blocks on the disk, so that a sparse file counts what it occupies.
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

// Runs on the supervising thread: starts the process, passes lines both ways, enforces its limits, reaps it.
class Supervisor {
 public:
  using OnLines = std::function<void(std::vector<std::string>)>;
  Supervisor(const StepProcessSpec& spec, int socket, int wake_fd, Mailbox& mailbox, OnLines on_lines)
      : spec_(spec), socket_(socket), wake_fd_(wake_fd), mailbox_(mailbox), on_lines_(std::move(on_lines)) {}

  StepProcessEnd run(int child_end) {
    if (const int error = start(child_end); error != 0)
      return {.how = StepProcessEnd::How::never_started, .status = error};
    std::optional<core::ProcessEnd> end;
    while (!end) {
      wait_for_something();
      flush_outgoing();
      enforce_limits();
      end = process_->ended();
    }
    has_ended_ = true;
    for (int reads = 0; !peer_closed_ && reads < kMaxReadsAtEnd && read_lines(); ++reads) {
    }
    return describe(*end);
  }

 private:
  enum class Reason { none, stopped, timed_out, too_large };

  int start(int child_end) {
    core::ProcessSpec spec;
    spec.argv = spec_.argv;
    spec.environment = spec_.environment;
    spec.descriptors = {{2, 1}, {child_end, kStepChannelFd}};  // standard output joins the worker's log
    spec.kill_group_at_end = true;
    int error = 0;
    try {
      process_.emplace(spec);
    } catch (const std::system_error& e) {
      error = e.code().value();
    }
    ::close(child_end);
    deadline_ = Steady::now() + spec_.timeout;
    measure_at_ = Steady::now() + kMeasureEvery;
    return error;
  }

  // Until the process writes or ends, the loop sends something, or a limit is due.
  void wait_for_something() {
    const bool reading = !peer_closed_ && mailbox_.lines_waiting < kMaxLinesWaiting;
    pollfd watched[3] = {{reading || !outgoing_.empty() ? socket_ : -1, 0, 0},
                         {wake_fd_, POLLIN, 0},
                         {process_->descriptor(), POLLIN, 0}};
    watched[0].events = static_cast<short>((reading ? POLLIN : 0) | (outgoing_.empty() ? 0 : POLLOUT));
    milliseconds most = spec_.max_folder_bytes > 0 ? kMeasureEvery : milliseconds(3'600'000);
    if (process_->descriptor() < 0) most = kPollWithoutPidfd;
    if (!peer_closed_ && !reading) most = kPollWhileBehind;
    const auto due = std::chrono::ceil<milliseconds>(kill_at_.value_or(deadline_) - Steady::now());
    ::poll(watched, 3, static_cast<int>(std::clamp(due, milliseconds(0), most).count()));
    if (reading && (watched[0].revents & ~POLLOUT) != 0 && !read_lines()) peer_closed_ = true;
    if (watched[1].revents != 0) take_outgoing();
  }

  void take_outgoing() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(wake_fd_, &count, sizeof count);
    const std::lock_guard hold(mailbox_.lock);
    outgoing_ += std::exchange(mailbox_.outgoing, "");
  }

  // As much as the socket takes; nothing is kept for a process that has closed its end.
  void flush_outgoing() {
    while (!outgoing_.empty()) {
      const ssize_t n = ::send(socket_, outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno != EAGAIN) outgoing_.clear();
      if (n <= 0) return;
      outgoing_.erase(0, static_cast<std::size_t>(n));
    }
  }

  // False once the other end is closed, or empty after the process has ended: a grandchild may still hold it open.
  bool read_lines() {
    char piece[16384];
    const ssize_t n = ::recv(socket_, piece, sizeof piece, MSG_DONTWAIT);
    if (n < 0) return (errno == EAGAIN || errno == EINTR) && !has_ended_;
    if (n == 0) return false;
    incoming_.append(piece, static_cast<std::size_t>(n));
    std::vector<std::string> lines;
    std::size_t start = 0;
    for (std::size_t end; (end = incoming_.find('\n', start)) != std::string::npos; start = end + 1)
      lines.push_back(incoming_.substr(start, end - start));
    incoming_.erase(0, start);
    if (incoming_.size() > kMaxLine) {
      process_->signal_group(SIGKILL);
      return false;
    }
    if (!lines.empty()) on_lines_(std::move(lines));
    return true;
  }

  void enforce_limits() {
    if (mailbox_.at_once && !killed_) kill(reason_ == Reason::none ? Reason::stopped : reason_);
    if (mailbox_.stop && reason_ == Reason::none) terminate(Reason::stopped, spec_.grace);
    if (spec_.max_folder_bytes > 0 && reason_ == Reason::none && Steady::now() >= measure_at_) {
      measure_at_ = Steady::now() + kMeasureEvery;
      if (bytes_in(spec_.folder) > spec_.max_folder_bytes) kill(Reason::too_large);
    }
    if (Steady::now() < kill_at_.value_or(deadline_)) return;
    if (kill_at_) kill(reason_);
    else terminate(Reason::timed_out, spec_.grace);
  }
  void terminate(Reason reason, milliseconds grace) {
    reason_ = reason;
    process_->signal_group(SIGTERM);
    kill_at_ = Steady::now() + grace;
  }
  void kill(Reason reason) {
    reason_ = reason;
    killed_ = true;
    process_->signal_group(SIGKILL);
    kill_at_ = Steady::now() + kKillAgainAfter;
  }

  StepProcessEnd describe(const core::ProcessEnd& end) const {
    using How = StepProcessEnd::How;
    StepProcessEnd out{.how = end.by_signal ? How::killed : How::exited,
                       .status = end.value,
                       .cpu_ms = end.cpu_ms,
                       .peak_kb = end.peak_kb};
    if (reason_ == Reason::timed_out) out.how = How::timed_out;
    if (reason_ == Reason::too_large) out.how = How::too_large;
    if (reason_ == Reason::stopped) out.how = How::stopped;
    return out;
  }

  const StepProcessSpec& spec_;
  int socket_;
  int wake_fd_;
  Mailbox& mailbox_;
  OnLines on_lines_;
  std::optional<core::Process> process_;
  Steady::time_point deadline_;
  Steady::time_point measure_at_;
  std::optional<Steady::time_point> kill_at_;
  Reason reason_ = Reason::none;
  bool killed_ = false;
  bool has_ended_ = false;
  bool peer_closed_ = false;
  std::string outgoing_;
  std::string incoming_;
};

}  // namespace

struct StepProcess::Shared {
  explicit Shared(core::Loop& the_loop) : loop(the_loop) {}
  ~Shared() {
    if (socket >= 0) ::close(socket);
    if (wake_fd >= 0) ::close(wake_fd);
  }
  core::Loop& loop;
  StepProcessSpec spec;
  int socket = -1;
  int wake_fd = -1;  // written by the loop when the mailbox has something for the thread
  Mailbox mailbox;
  std::thread thread;
  // On the loop only.
  std::deque<std::string> lines;
  std::optional<StepProcessEnd> end;
  core::Event changed;
};

StepProcess::StepProcess(core::Loop& loop, StepProcessSpec spec) : shared_(std::make_shared<Shared>(loop)) {
  shared_->spec = std::move(spec);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    shared_->end = StepProcessEnd{.how = StepProcessEnd::How::never_started, .status = errno};
    return;
  }
  shared_->socket = ends[0];
  if ((shared_->wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
    shared_->end = StepProcessEnd{.how = StepProcessEnd::How::never_started, .status = errno};
    ::close(ends[1]);
    return;
  }
  // The destructor joins the thread, so the loop outlives it and posting is safe. What is posted holds the state
  // weakly, because the StepProcess may be gone when the loop runs it.
  shared_->thread = std::thread([weak = std::weak_ptr<Shared>(shared_), &loop, &of = *shared_, child_end = ends[1]] {
    const auto on_lines = [&](std::vector<std::string> lines) {
      of.mailbox.lines_waiting += lines.size();
      loop.post([weak, lines = std::move(lines)]() mutable {
        const auto shared = weak.lock();
        if (!shared) return;
        for (std::string& line : lines) shared->lines.push_back(std::move(line));
        shared->changed.set();
      });
    };
    Supervisor supervisor(of.spec, of.socket, of.wake_fd, of.mailbox, on_lines);
    const StepProcessEnd end = supervisor.run(child_end);
    loop.post([weak, end] {
      const auto shared = weak.lock();
      if (!shared) return;
      shared->end = end;
      shared->changed.set();
    });
  });
}

StepProcess::~StepProcess() {
  if (!shared_->thread.joinable()) return;
  if (!shared_->end) {
    shared_->mailbox.at_once = true;
    stop();
  }
  shared_->thread.join();
}

void StepProcess::send(std::string line) {
  bool too_much = false;
  {
    const std::lock_guard hold(shared_->mailbox.lock);
    std::string& outgoing = shared_->mailbox.outgoing;
    too_much = outgoing.size() + line.size() > kMaxUnread;
    if (!too_much) outgoing += line + '\n';
  }
  if (too_much) shared_->mailbox.stop = true;
  wake();
}

core::Task<std::optional<std::string>> StepProcess::next() {
  for (;;) {
    if (!shared_->lines.empty()) {
      std::string line = std::move(shared_->lines.front());
      shared_->lines.pop_front();
      --shared_->mailbox.lines_waiting;
      co_return line;
    }
    if (shared_->end) co_return std::nullopt;
    co_await shared_->changed.wait(std::chrono::hours(1));
  }
}

const StepProcessEnd& StepProcess::end() const { return *shared_->end; }

void StepProcess::stop() {
  shared_->mailbox.stop = true;
  wake();
}

void StepProcess::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(shared_->wake_fd, &one, sizeof one);
}

}  // namespace jobs
