#include "ops/postgres.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "core/crypto.h"
#include "core/process.h"
#include "core/text.h"
#include "pg/session.h"

namespace ops {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr const char* kSuper = "tenon_super";
constexpr const char* kOwner = "tenon_owner";
constexpr const char* kDatabase = "tenon";

std::string find_binaries() {
  for (const char* version : {"17", "16", "15"}) {
    const std::string folder = std::string("/usr/lib/postgresql/") + version + "/bin";
    if (::access((folder + "/postgres").c_str(), X_OK) == 0 && ::access((folder + "/initdb").c_str(), X_OK) == 0)
      return folder;
  }
  throw std::runtime_error(
      "Postgres 15 to 17 is not installed. Install it with: apt-get install postgresql\n"
      "Or set DATABASE_URL to a server that runs already.");
}

// A port that is free now; another process may still take it before the server binds.
int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  if (!bound) throw std::runtime_error("no free loopback port");
  return ntohs(address.sin_port);
}

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

// An unprivileged user to run Postgres as: the one that Debian's package created, else nobody.
const passwd& server_user() {
  for (const char* name : {"postgres", "nobody"})
    if (const passwd* user = ::getpwnam(name)) return *user;
  throw std::runtime_error("there is no unprivileged user (postgres, nobody) to run Postgres as");
}

}  // namespace

Postgres::Postgres(std::string dir, Passwords passwords, Life life)
    : dir_(fs::absolute(dir).lexically_normal().string()),
      binaries_(find_binaries()),
      passwords_(std::move(passwords)),
      life_(life) {
  const fs::path link = fs::path(dir_) / "postgres";
  if (::geteuid() == 0) {
    const passwd& user = server_user();
    run_as_ = core::ProcessSpec::Identity{user.pw_uid, user.pw_gid};
    const fs::path home = fs::path("/var/lib/tenon") / core::hex(core::sha256(dir_)).substr(0, 16);
    cluster_ = (home / "data").string();
    fs::create_directories(home);
    if (::chown(home.c_str(), run_as_->uid, run_as_->gid) != 0)
      throw std::runtime_error("cannot give " + home.string() + " to " + user.pw_name);
    if (fs::is_symlink(link) && fs::read_symlink(link) != home) fs::remove(link);
    if (!fs::exists(fs::symlink_status(link))) fs::create_directory_symlink(home, link);
    socket_ = home.string();
  } else {
    cluster_ = (link / "data").string();
    fs::create_directories(link);
    socket_ = link.string();
  }
  // sun_path holds 107 bytes, and ".s.PGSQL.65535" needs 15 of them.
  if (socket_.size() > 90) {
    socket_ = fmt::format("/tmp/tenon-{}-{}", ::geteuid(), core::hex(core::sha256(dir_)).substr(0, 12));
    fs::create_directories(socket_);
    ::chmod(socket_.c_str(), 0700);
    if (run_as_ && ::chown(socket_.c_str(), run_as_->uid, run_as_->gid) != 0)
      throw std::runtime_error("cannot own " + socket_);
  }
}

Postgres::~Postgres() {
  if (life_ == Life::with_parent) stop();
  else if (server_) server_->detach();
}

void Postgres::create_cluster() {
  if (fs::exists(fs::path(cluster_) / "PG_VERSION")) return;
  // Created under another name and renamed when complete, so a crash during initdb leaves nothing that looks like a
  // cluster.
  const std::string making = cluster_ + ".new";
  const std::string password_file = cluster_ + ".password";
  fs::remove_all(making);
  write_file(password_file, passwords_.super.reveal());
  ::chmod(password_file.c_str(), 0600);
  if (run_as_ && ::chown(password_file.c_str(), run_as_->uid, run_as_->gid) != 0)
    throw std::runtime_error("cannot own " + password_file);
  core::ProcessSpec spec;
  spec.argv = {binaries_ + "/initdb",
               "-D",
               making,
               "-U",
               kSuper,
               "--pwfile=" + password_file,
               "--auth=scram-sha-256",
               "--encoding=UTF8",
               "--locale=C.UTF-8",
               "--data-checksums"};
  spec.directory = "/";
  spec.run_as = run_as_;
  spec.death_signal = SIGTERM;
  const core::Captured made = core::run_and_capture(std::move(spec), 60s);
  fs::remove(password_file);
  if (made.end.exit_code() != 0) throw std::runtime_error("initdb failed:\n" + made.output);
  std::ofstream settings(making + "/postgresql.conf", std::ios::app);
  settings << "\n# Tenon's own: durable, quiet, small.\n"
              "listen_addresses = '127.0.0.1'\n"
              "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\n"
              "max_connections = 100\nshared_buffers = 128MB\njit = off\n"
              "client_connection_check_interval = 2s\n"
              "log_min_messages = warning\nlog_line_prefix = '%m [%p] %q%u '\n"
              "autovacuum_naptime = 15s\n";
  settings.close();
  if (!settings) throw std::runtime_error("cannot write the settings of " + making);
  fs::rename(making, cluster_);
}

void Postgres::end_previous_server() const {
  // A supervisor that was killed leaves a server that is shutting down. Wait for it, and signal again if it takes long.
  const auto running_pid = [this]() -> pid_t {
    std::ifstream in(cluster_ + "/postmaster.pid");
    pid_t pid = 0;
    if (!(in >> pid) || pid <= 1 || ::kill(pid, 0) != 0) return 0;
    std::error_code error;
    const std::string program = fs::read_symlink(fmt::format("/proc/{}/exe", pid), error).filename().string();
    return !error && program.starts_with("postgres") ? pid : 0;  // a zombie has no program
  };
  const auto begun = std::chrono::steady_clock::now();
  pid_t asked = 0;
  for (pid_t pid = running_pid(); pid != 0; pid = running_pid()) {
    const auto waited = std::chrono::steady_clock::now() - begun;
    if (waited > 20s)
      throw std::runtime_error(fmt::format("another Postgres (process {}) still uses {}", pid, cluster_));
    if (asked == 0) ::kill(asked = pid, SIGINT);
    else if (waited > 10s) ::kill(pid, SIGQUIT);
    std::this_thread::sleep_for(50ms);
  }
}

void Postgres::start() {
  create_cluster();
  end_previous_server();
  port_ = free_port();
  launch();
}

void Postgres::restart() {
  end_previous_server();
  launch();
}

void Postgres::launch() {
  core::ProcessSpec spec;
  spec.argv = {binaries_ + "/postgres", "-D", cluster_, "-p", std::to_string(port_), "-k", socket_};
  spec.environment = {{"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}, {"PATH", "/usr/bin:/bin"}};
  spec.log_file = dir_ + "/log/postgres.log";
  spec.directory = "/";
  spec.death_signal = life_ == Life::with_parent ? SIGINT : 0;
  spec.run_as = run_as_;
  fs::create_directories(dir_ + "/log");
  server_.emplace(spec);
  const core::Secret probe = url(kSuper, passwords_.super, "postgres");
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  for (;;) {
    if (!running()) throw std::runtime_error("Postgres ended at once; see " + spec.log_file);
    try {
      pg::Session session(probe, 1000);
      session.script("select 1");
      if (session.query("select 1 from pg_roles where rolname = 'tenon_owner'").rows.empty())
        session.script(fmt::format("create role {} login createrole", kOwner));
      session.script(fmt::format("alter role {} password '{}'", kOwner, passwords_.owner.reveal()));
      if (session.query("select 1 from pg_database where datname = 'tenon'").rows.empty())
        session.script(fmt::format("create database {} owner {}", kDatabase, kOwner));
      return;
    } catch (const pg::Unavailable& unavailable) {
      if (std::chrono::steady_clock::now() > deadline)
        throw std::runtime_error(
            fmt::format("Postgres does not answer: {}; see {}", unavailable.what(), spec.log_file));
    }
    std::this_thread::sleep_for(20ms);
  }
}

void Postgres::set_runtime_password() const {
  pg::Session session(super_url());
  session.script(fmt::format("alter role authenticator password '{}'", passwords_.runtime.reveal()));
}

void Postgres::stop() {
  if (server_) server_->stop(SIGINT, 15s);
  server_.reset();
}

bool Postgres::running() {
  if (server_ && server_->ended()) server_.reset();
  return server_.has_value();
}

core::Secret Postgres::url(const std::string& role, const core::Secret& password, const std::string& database) const {
  return core::Secret(fmt::format("postgresql://{}:{}@/{}?host={}&port={}", role, password.reveal(), database,
                                  core::percent_encode(socket_), port_));
}

core::Secret Postgres::super_url() const { return url(kSuper, passwords_.super, kDatabase); }
core::Secret Postgres::owner_url() const { return url(kOwner, passwords_.owner, kDatabase); }
core::Secret Postgres::runtime_url() const { return url("authenticator", passwords_.runtime, kDatabase); }

core::Secret Postgres::owner_tcp_url() const {
  return core::Secret(
      fmt::format("postgresql://{}:{}@127.0.0.1:{}/{}", kOwner, passwords_.owner.reveal(), port_, kDatabase));
}

void remove_cluster(const std::string& dir) {
  const fs::path link = fs::path(dir) / "postgres";
  if (!fs::is_symlink(link)) return;
  const fs::path home = fs::read_symlink(link);
  if (home.parent_path() == "/var/lib/tenon") fs::remove_all(home);
}

}  // namespace ops
