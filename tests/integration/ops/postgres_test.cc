#include "ops/postgres.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "ops/migrate.h"
#include "pg/session.h"

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/tenon-ops-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() {
    ops::remove_cluster(path);
    fs::remove_all(path);
  }
};

ops::Passwords passwords() {
  return {core::Secret("super-pass-1"), core::Secret("owner-pass-1"), core::Secret("runtime-pass-1")};
}

}  // namespace

TEST_CASE("the private Postgres starts, holds what was acknowledged when its parent is killed, and leaves no orphan") {
  const Folder folder;
  int news[2];
  REQUIRE(::pipe(news) == 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ops::Postgres postgres(folder.path, passwords());
    postgres.start();
    const pid_t server = postgres.pid();
    [[maybe_unused]] ssize_t n = ::write(news[1], &server, sizeof server);
    pg::Session session(postgres.owner_url());
    session.script("create table public.written (n int)");
    for (int i = 1;; ++i) {
      session.query("insert into public.written values ($1)", {std::to_string(i)});
      n = ::write(news[1], &i, sizeof i);  // acknowledged: written only after the commit
    }
  }
  ::close(news[1]);
  pid_t server = 0;
  REQUIRE(::read(news[0], &server, sizeof server) == sizeof server);
  int acknowledged = 0;
  for (int i = 0; i < 50; ++i) REQUIRE(::read(news[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  while (::read(news[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
  }
  ::close(news[0]);

  ops::Postgres again(folder.path, passwords());
  again.start();
  std::error_code gone;  // a zombie that init has not reaped yet has no program any more
  const fs::path program = fs::read_symlink("/proc/" + std::to_string(server) + "/exe", gone);
  CHECK_MESSAGE(gone, program.string());
  pg::Session session(again.owner_url());
  const auto rows = session.query("select max(n), count(*) from public.written").rows;
  CHECK(std::stoi(rows.at(0).at(0).value()) >= acknowledged);
  CHECK(std::stoi(rows.at(0).at(1).value()) >= acknowledged);
  if (::geteuid() == 0) {
    CHECK(fs::is_symlink(folder.path + "/postgres"));
    CHECK(fs::status(fs::path(folder.path) / "postgres").type() == fs::file_type::directory);
  }
  again.stop();
  CHECK_FALSE(again.running());
}

TEST_CASE("the run-time login has its password once the roles are there") {
  const Folder folder;
  ops::Postgres postgres(folder.path, passwords());
  postgres.start();
  ops::migrate(postgres.owner_url(), postgres.super_url());
  postgres.set_runtime_password();
  pg::Session runtime(postgres.runtime_url());
  CHECK(runtime.query("select current_user").rows.at(0).at(0) == "authenticator");
}
