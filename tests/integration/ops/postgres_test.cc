#include "ops/postgres.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>

#include "core/resources.h"
#include "ops/migrate.h"
#include "ops/process.h"
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

// What a shell command prints; fails the test when the command fails.
std::string output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  for (char buffer[4096]; const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe);) out.append(buffer, n);
  REQUIRE_MESSAGE(::pclose(pipe) == 0, command << ": " << out);
  return out;
}

std::vector<fs::path> sorted_files(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder)) out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

// The catalogue as pg_dump prints it, line by line in alphabetical order.
std::vector<std::string> schema_of(const std::string& url) {
  std::vector<std::string> lines;
  std::istringstream in(output_of("pg_dump --schema-only -d '" + url + "'"));
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with("\\")) lines.push_back(line);  // pg_dump's \restrict carries a random key
  std::ranges::sort(lines);
  return lines;
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

TEST_CASE("migrating twice changes nothing, and an edited past is refused by name") {
  const Folder folder;
  ops::Postgres postgres(folder.path, passwords());
  postgres.start();
  CHECK_FALSE(ops::migrate(postgres.owner_url(), postgres.super_url()).empty());
  CHECK(ops::migrate(postgres.owner_url(), postgres.super_url()).empty());
  for (const ops::SchemaFile& file : ops::schema_status(postgres.owner_url()))
    CHECK_MESSAGE(file.state == ops::FileState::applied, file.version);
  postgres.set_runtime_password();
  pg::Session runtime(postgres.runtime_url());
  CHECK(runtime.query("select current_user").rows.at(0).at(0) == "authenticator");

  pg::Session owner(postgres.owner_url());
  const std::string version =
      owner.query("select version from tenon.migrations where version not like '%/%' order by version limit 1")
          .rows.at(0)
          .at(0)
          .value();
  owner.query("update tenon.migrations set checksum = 'edited' where version = $1", {version});
  CHECK_THROWS_WITH_AS(ops::migrate(postgres.owner_url(), postgres.super_url()), doctest::Contains(version.c_str()),
                       ops::RefusedHistory);
}

TEST_CASE("two migrators at once apply each file once") {
  const Folder folder;
  ops::Postgres postgres(folder.path, passwords());
  postgres.start();
  std::vector<std::string> first, second;
  {
    std::thread one([&] { first = ops::migrate(postgres.owner_url(), postgres.super_url()); });
    std::thread two([&] { second = ops::migrate(postgres.owner_url(), postgres.super_url()); });
    one.join();
    two.join();
  }
  std::size_t files = 0;
  for (const char* folder : {"db/platform/", "db/migrations/", "db/functions/"})
    files += core::resources_below(folder).size();
  CHECK(first.size() + second.size() == files);
}

TEST_CASE("a changed file of functions is applied again, and nothing else") {
  const Folder folder;
  ops::Postgres postgres(folder.path, passwords());
  postgres.start();
  ops::migrate(postgres.owner_url(), postgres.super_url());
  pg::Session owner(postgres.owner_url());
  owner.script(
      "update tenon.migrations set checksum = 'earlier' where version = 'functions/rate_limits';"
      "create or replace function tenon.take_token(p_key text, p_cap float8, p_per_s float8, p_cost float8 default 1)"
      " returns float8 language sql as 'select 42::float8'");
  std::vector<std::string> changed;
  for (const ops::SchemaFile& file : ops::schema_status(postgres.owner_url()))
    if (file.state != ops::FileState::applied) changed.push_back(file.version);
  CHECK(changed == std::vector<std::string>{"functions/rate_limits"});
  CHECK(ops::migrate(postgres.owner_url(), postgres.super_url()) == changed);
  CHECK(owner.query("select tenon.take_token('k', 1, 1)").rows.at(0).at(0) == "0");
  CHECK(ops::migrate(postgres.owner_url(), postgres.super_url()).empty());
}

TEST_CASE("an upgrade that fails leaves nothing of it behind") {
  const Folder folder;
  ops::Postgres postgres(folder.path, passwords());
  postgres.start();
  ops::migrate(postgres.owner_url(), postgres.super_url());
  pg::Session owner(postgres.owner_url());
  // Both files are due. The second fails, because replacing a function cannot change the type that it returns.
  owner.script(
      "update tenon.migrations set checksum = 'earlier' where version in ('functions/audit', 'functions/rate_limits');"
      "drop function tenon.audit_broken_at(), tenon.take_token(text, float8, float8, float8);"
      "create function tenon.take_token(p_key text, p_cap float8, p_per_s float8, p_cost float8 default 1)"
      " returns text language sql as 'select null::text'");
  CHECK_THROWS_WITH_AS(ops::migrate(postgres.owner_url(), postgres.super_url()),
                       doctest::Contains("db/functions/rate_limits.sql"), std::runtime_error);
  CHECK(owner.query("select to_regprocedure('tenon.audit_broken_at()') is null").rows.at(0).at(0) == "t");
  CHECK(owner.query("select checksum from tenon.migrations where version = 'functions/audit'").rows.at(0).at(0) ==
        "earlier");
}

TEST_CASE("a database of before the first migration, or of a newer binary, is refused and stays as it is") {
  const Folder folder;
  ops::Postgres postgres(folder.path, passwords());
  postgres.start();
  pg::Session owner(postgres.owner_url());
  owner.script(
      "create schema tenon;"
      "create table tenon.migrations (version text primary key, checksum text not null, applied_at timestamptz);"
      "insert into tenon.migrations values ('platform/10_roles', 'a'), ('platform/20_auth', 'b'),"
      " ('20260101000100_foundation', 'c'), ('20260107000500_taken_by_hand', 'd')");
  CHECK_THROWS_WITH_AS(ops::migrate(postgres.owner_url(), postgres.super_url()),
                       doctest::Contains("made by an older development version"), ops::RefusedHistory);
  CHECK_THROWS_WITH_AS(ops::schema_status(postgres.owner_url()), doctest::Contains("tenon db reset"),
                       ops::RefusedHistory);
  CHECK(owner
            .query("select count(*) from pg_class where relnamespace in ('public'::regnamespace, 'tenon'::regnamespace)"
                   " and relkind = 'r'")
            .rows.at(0)
            .at(0) == "1");
  CHECK(owner.query("select count(*) from tenon.migrations").rows.at(0).at(0) == "4");

  ops::drop_everything(postgres.owner_url());
  ops::migrate(postgres.owner_url(), postgres.super_url());
  owner.script("insert into tenon.migrations values ('99991231235959_from_the_future', 'e')");
  CHECK_THROWS_WITH_AS(ops::migrate(postgres.owner_url(), postgres.super_url()), doctest::Contains("newer"),
                       ops::RefusedHistory);
}

TEST_CASE("psql in name order makes the same schema as the migrator") {
  const Folder folder;
  ops::Postgres postgres(folder.path, passwords());
  postgres.start();
  ops::migrate(postgres.owner_url(), postgres.super_url());
  {
    pg::Session super(postgres.super_url());
    super.script("create database by_psql owner tenon_owner");
  }
  const auto beside = [&](const core::Secret& url) {
    std::string text = url.reveal();
    return text.replace(text.find("/tenon?"), 7, "/by_psql?");
  };
  const std::string owner = beside(postgres.owner_url());
  const auto psql = [](const std::string& url, const fs::path& file) {
    output_of("psql -X -q -v ON_ERROR_STOP=1 -d '" + url + "' -f '" + file.string() + "'");
  };
  const fs::path db = fs::path(std::getenv("TENON_SOURCE_DIR")) / "db";
  psql(beside(postgres.super_url()), db / "platform/10_roles.sql");
  psql(owner, db / "platform/20_auth.sql");
  psql(owner, db / "platform/30_storage.sql");
  for (const char* part : {"migrations", "functions"})
    for (const fs::path& file : sorted_files(db / part)) psql(owner, file);
  CHECK(schema_of(postgres.owner_url().reveal()) == schema_of(owner));
}
