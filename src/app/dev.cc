#include "app/dev.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "app/dev_folder.h"
#include "app/once.h"
#include "core/log.h"
#include "identity/api_keys.h"
#include "ops/migrate.h"
#include "ops/postgres.h"

namespace app {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

namespace {

bool loopback_bind(int port, int* chosen) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  if (bound) *chosen = ntohs(address.sin_port);
  return bound;
}

int take_port(int wanted, const char* option) {
  int chosen = 0;
  if (loopback_bind(wanted, &chosen)) return chosen;
  throw std::runtime_error(fmt::format("port {} is taken; choose another with {} N", wanted, option));
}

// True when GET /readyz on loopback answers 200.
bool is_ready(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{2, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  bool ready = false;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    constexpr std::string_view kAsk = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char answer[64] = {};
    ready = ::write(fd, kAsk.data(), kAsk.size()) == static_cast<ssize_t>(kAsk.size()) &&
            ::read(fd, answer, sizeof answer - 1) > 12 && std::string_view(answer).substr(9, 3) == "200";
  }
  ::close(fd);
  return ready;
}

// One child that is started again, with growing pauses, when it ends by itself.
class SupervisedProcess {
 public:
  SupervisedProcess(std::string name, core::ProcessSpec spec, std::string pid_file)
      : name_(std::move(name)), spec_(std::move(spec)), pid_file_(std::move(pid_file)) {}

  void start(const DevFolder& folder) {
    process_.emplace(spec_);
    started_ = SteadyClock::now();
    folder.write(pid_file_, fmt::format("{}\n", process_->pid()), 0644);
  }
  void tend(const DevFolder& folder) {
    if (process_) {
      const auto end = process_->ended();
      if (!end) return;
      process_.reset();
      if (SteadyClock::now() - started_ > 30s) failures_ = 0;
      ++failures_;
      restart_at_ = SteadyClock::now() + std::min(std::chrono::milliseconds(100 << std::min(failures_, 7)), 10000ms);
      fmt::print(stderr, "tenon: {} ended with status {}; starting it again (see {})\n", name_, end->exit_code(),
                 spec_.log_file);
    } else if (SteadyClock::now() >= restart_at_) {
      start(folder);
    }
  }
  void signal(int number) const {
    if (process_) process_->signal(number);
  }
  void stop(std::chrono::milliseconds grace) {
    if (process_) process_->stop(SIGTERM, grace);
    process_.reset();
  }
  bool alive() const { return process_.has_value(); }
  int failures() const { return failures_; }
  const std::string& log_file() const { return spec_.log_file; }

 private:
  std::string name_;
  core::ProcessSpec spec_;
  std::string pid_file_;
  std::optional<core::Process> process_;
  int failures_ = 0;
  SteadyClock::time_point started_{};
  SteadyClock::time_point restart_at_{};
};

std::string dev_env_file(const core::Environment& e, const std::string& owner_database_url) {
  std::string out = "# Written by `tenon dev` at each start. DATABASE_URL is the owner's, for people and tools.\n";
  const auto line = [&](const char* name, const std::string& value) { out += fmt::format("{}={}\n", name, value); };
  line("TENON_URL", e.at("APP_BASE_URL"));
  for (const char* name : {"SUPABASE_URL", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_ROLE_KEY", "JWT_SECRET"})
    line(name, e.at(name));
  line("DATABASE_URL", owner_database_url);
  for (const char* name : {"STRIPE_WEBHOOK_SECRET", "INTERNAL_NOTIFY_SECRET", "RESEND_API_BASE"})
    line(name, e.at(name));
  return out;
}

// All that the children read. What the environment (or .env.local, .env) sets wins over what is made up here.
core::Environment child_environment(const DevOptions& options, DevFolder& folder, int port, int api_port) {
  core::Env env = core::Env::from_process();
  core::Environment out = core::own_environment();
  const auto set = [&](const std::string& name, const std::string& made_up) {
    const auto given = env.maybe(name);
    out[name] = given ? *given : made_up;
    return out[name];
  };
  set("TENON_ENV", "development");
  out["PORT"] = std::to_string(port);
  out["TENON_API_PORT"] = std::to_string(api_port);
  const std::string site = set("APP_BASE_URL", fmt::format("http://localhost:{}", port));
  set("SUPABASE_URL", api_port != 0 ? fmt::format("http://127.0.0.1:{}", api_port) : site);
  const std::string jwt_secret = set("JWT_SECRET", folder.secret("JWT_SECRET"));
  set("SUPABASE_ANON_KEY", identity::make_api_key(jwt_secret, "anon"));
  set("SUPABASE_SERVICE_ROLE_KEY", identity::make_api_key(jwt_secret, "service_role"));
  set("INTERNAL_NOTIFY_SECRET", folder.secret("INTERNAL_NOTIFY_SECRET"));
  set("STRIPE_WEBHOOK_SECRET", "whsec_" + folder.secret("STRIPE_WEBHOOK_SECRET"));
  set("STORAGE_DIR", folder.path() + "/storage");
  set("SIM_DIR", folder.path() + "/sim");
  set("TENON_WORK_DIR", folder.path() + "/work");
  set("RESEND_API_KEY", "re_simulated");
  set("RESEND_API_BASE", fmt::format("http://127.0.0.1:{}/dev/resend", port));
  set("WELCOME_CREDITS", "20");
  set("TENON_DEMO_PASSWORD", folder.secret("DEMO_PASSWORD").substr(0, 12));
  if (!options.worker) out["TENON_OUTBOX_ONLY"] = "true";
  return out;
}

core::ProcessSpec self(std::vector<std::string> words, const core::Environment& environment,
                       const std::string& log_file) {
  core::ProcessSpec spec;
  spec.argv = std::move(words);
  spec.argv.insert(spec.argv.begin(), fs::read_symlink("/proc/self/exe").string());
  spec.environment = environment;
  spec.log_file = log_file;
  spec.death_signal = SIGTERM;
  return spec;
}

void tell_ready(const DevOptions& options, const core::Environment& e, int api_port) {
  fmt::print("Tenon is ready at {}{}{}\n", e.at("APP_BASE_URL"),
             api_port != 0 ? fmt::format("  (API: {})", e.at("SUPABASE_URL")) : "",
             options.seed ? fmt::format("  demo sign-in: demo@example.com / {}", e.at("TENON_DEMO_PASSWORD")) : "");
  std::fflush(stdout);
}

class Supervisor {
 public:
  explicit Supervisor(DevOptions options) : options_(std::move(options)), folder_(options_.dir) {}

  int run() {
    // Blocked before any child or thread: waited for below, and unblocked again in children before exec.
    sigset_t waited;
    ::sigemptyset(&waited);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&waited, number);
    ::sigprocmask(SIG_BLOCK, &waited, nullptr);
    ::signal(SIGPIPE, SIG_IGN);

    const int port = take_port(options_.port, "--port");
    const int api_port = options_.api_port == 0 ? 0 : take_port(options_.api_port, "--api-port");
    core::Environment environment = child_environment(options_, folder_, port, api_port);
    const std::string owner_url = prepare_database(environment);
    if (options_.seed) seed(environment);

    web_.emplace("web", self({"web"}, environment, folder_.path() + "/log/web.log"), "web.pid");
    std::vector<std::string> worker_words{"worker"};
    if (!options_.worker) worker_words.push_back("--outbox");
    worker_.emplace("worker", self(worker_words, environment, folder_.path() + "/log/worker.log"), "worker.pid");
    web_->start(folder_);
    worker_->start(folder_);
    folder_.write("dev.env", dev_env_file(environment, owner_url));
    int status = wait_until_ready(port, waited);
    if (status == 0) {
      if (options_.once) {
        status = once({environment.at("APP_BASE_URL"), environment.at("SUPABASE_URL"),
                       environment.at("SUPABASE_ANON_KEY"), folder_.path() + "/once"});
      } else {
        tell_ready(options_, environment, api_port);
        status = tend(waited);
      }
    }
    stop();
    return status;
  }

 private:
  std::string prepare_database(core::Environment& environment) {
    if (const auto given = core::Env::from_process().maybe("DATABASE_URL")) {
      environment["DATABASE_URL"] = *given;
      const std::string direct = core::Env::from_process().maybe("DATABASE_DIRECT_URL").value_or(*given);
      ops::migrate(core::Secret(direct));
      return direct;
    }
    postgres_ = std::make_unique<ops::Postgres>(folder_.path(), folder_.database_passwords());
    postgres_->start();
    ops::migrate(postgres_->owner_url(), postgres_->super_url());
    postgres_->set_runtime_password();
    environment["DATABASE_URL"] = postgres_->runtime_url().reveal();
    return postgres_->owner_tcp_url().reveal();
  }

  void seed(const core::Environment& environment) const {
    const core::Captured seeded = core::run_and_capture(self({"seed"}, environment, ""), 60s);
    if (seeded.end.exit_code() != 0) throw std::runtime_error("the demo data could not be made:\n" + seeded.output);
  }

  // 0 when web answers; 1 when it cannot start; 130 when stopped meanwhile.
  int wait_until_ready(int port, const sigset_t& waited) {
    const auto deadline = SteadyClock::now() + 30s;
    while (!is_ready(port)) {
      const timespec pause{0, 10'000'000};
      const int number = ::sigtimedwait(&waited, nullptr, &pause);
      if (number == SIGTERM || number == SIGINT || number == SIGHUP) return 130;
      web_->tend(folder_);
      worker_->tend(folder_);
      if (web_->failures() >= 3 || SteadyClock::now() > deadline) {
        fmt::print(stderr, "tenon: the web process does not start; see {}\n", web_->log_file());
        return 1;
      }
    }
    return 0;
  }

  int tend(const sigset_t& waited) {
    for (;;) {
      const timespec pause{0, 250'000'000};
      const int number = ::sigtimedwait(&waited, nullptr, &pause);
      if (number == SIGTERM || number == SIGINT || number == SIGHUP) return 0;
      if (postgres_ && !postgres_->running()) {
        fmt::print(stderr, "tenon: Postgres ended; starting it again\n");
        postgres_->restart();
      }
      web_->tend(folder_);
      worker_->tend(folder_);
    }
  }

  void stop() {
    web_->signal(SIGTERM);
    worker_->signal(SIGTERM);
    web_->stop(20s);
    worker_->stop(20s);
    if (postgres_) postgres_->stop();
    for (const char* name : {"/web.pid", "/worker.pid"}) fs::remove(folder_.path() + name);
  }

  DevOptions options_;
  DevFolder folder_;
  std::unique_ptr<ops::Postgres> postgres_;
  std::optional<SupervisedProcess> web_;
  std::optional<SupervisedProcess> worker_;
};

}  // namespace

int dev(DevOptions options) {
  core::log::set_level(core::log::Level::warn);
  if (!options.once) return Supervisor(std::move(options)).run();
  // A folder of its own, and ports that nobody uses.
  char folder[] = "/tmp/tenon-once-XXXXXX";
  if (::mkdtemp(folder) == nullptr) throw std::runtime_error("cannot make a folder in /tmp");
  options.dir = folder;
  options.port = 0;
  options.api_port = 0;
  options.seed = false;
  int status = 1;
  {
    Supervisor supervisor(options);
    status = supervisor.run();
  }
  ops::remove_cluster(folder);
  fs::remove_all(folder);
  return status;
}

}  // namespace app
