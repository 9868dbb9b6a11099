#include "ops/migrate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>

#include "core/resources.h"
#include "ops/schema_check.h"
#include "pg/session.h"

namespace fs = std::filesystem;

namespace {

// An empty database of its own in the suite's cluster.
struct FreshDatabase {
  core::Secret owner;
  core::Secret super;
  FreshDatabase() {
    static int n = 0;
    name_ = "fresh_" + std::to_string(++n);
    const core::Secret maintenance(variable("TENON_TEST_SUPER_URL"));
    pg::Session(maintenance).script("create database " + name_ + " owner tenon_owner");
    owner = core::Secret(renamed(variable("TENON_TEST_OWNER_URL")));
    super = core::Secret(renamed(maintenance.reveal()));
  }
  FreshDatabase(const FreshDatabase&) = delete;
  FreshDatabase& operator=(const FreshDatabase&) = delete;

 private:
  static std::string variable(const char* name) { return std::getenv(name); }
  std::string renamed(const std::string& url) const { return url.substr(0, url.rfind('/') + 1) + name_; }
  std::string name_;
};

// The output of a shell command; fails the test when the command fails.
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

TEST_CASE("migrating twice changes nothing, and an edited past is refused by name") {
  const FreshDatabase database;
  CHECK_FALSE(ops::migrate(database.owner, database.super).empty());
  CHECK(ops::migrate(database.owner, database.super).empty());
  for (const ops::SchemaFile& file : ops::schema_status(database.owner))
    CHECK_MESSAGE(file.state == ops::FileState::applied, file.version);
  pg::Session owner(database.owner);
  const std::string version =
      owner.query("select version from tenon.migrations where version not like '%/%' order by version limit 1")
          .rows.at(0)
          .at(0)
          .value();
  owner.query("update tenon.migrations set checksum = 'edited' where version = $1", {version});
  CHECK_THROWS_WITH_AS(ops::migrate(database.owner, database.super), doctest::Contains(version.c_str()),
                       ops::RefusedHistory);
}

TEST_CASE("two migrators at once apply each file once") {
  const FreshDatabase database;
  std::vector<std::string> first, second;
  {
    std::thread one([&] { first = ops::migrate(database.owner, database.super); });
    std::thread two([&] { second = ops::migrate(database.owner, database.super); });
    one.join();
    two.join();
  }
  std::size_t files = 0;
  for (const char* folder : {"db/platform/", "db/migrations/", "db/functions/"})
    files += core::resources_below(folder).size();
  CHECK(first.size() + second.size() == files);
}

TEST_CASE("a changed file of functions is applied again, and nothing else") {
  const FreshDatabase database;
  ops::migrate(database.owner, database.super);
  pg::Session owner(database.owner);
  owner.script(
      "update tenon.migrations set checksum = 'earlier' where version = 'functions/rate_limits';"
      "create or replace function tenon.take_token(p_key text, p_cap float8, p_per_s float8, p_cost float8 default 1)"
      " returns float8 language sql as 'select 42::float8'");
  std::vector<std::string> changed;
  for (const ops::SchemaFile& file : ops::schema_status(database.owner))
    if (file.state != ops::FileState::applied) changed.push_back(file.version);
  CHECK(changed == std::vector<std::string>{"functions/rate_limits"});
  CHECK(ops::migrate(database.owner, database.super) == changed);
  CHECK(owner.query("select tenon.take_token('k', 1, 1)").rows.at(0).at(0) == "0");
  CHECK(ops::migrate(database.owner, database.super).empty());
}

TEST_CASE("an upgrade that fails leaves nothing of it behind") {
  const FreshDatabase database;
  ops::migrate(database.owner, database.super);
  pg::Session owner(database.owner);
  // Both files are due. The second fails, because replacing a function cannot change the type that it returns.
  owner.script(
      "update tenon.migrations set checksum = 'earlier' where version in ('functions/audit', 'functions/rate_limits');"
      "drop function tenon.audit_broken_at(), tenon.take_token(text, float8, float8, float8);"
      "create function tenon.take_token(p_key text, p_cap float8, p_per_s float8, p_cost float8 default 1)"
      " returns text language sql as 'select null::text'");
  CHECK_THROWS_WITH_AS(ops::migrate(database.owner, database.super), doctest::Contains("db/functions/rate_limits.sql"),
                       std::runtime_error);
  CHECK(owner.query("select to_regprocedure('tenon.audit_broken_at()') is null").rows.at(0).at(0) == "t");
  CHECK(owner.query("select checksum from tenon.migrations where version = 'functions/audit'").rows.at(0).at(0) ==
        "earlier");
}

TEST_CASE("a database of before the first migration, or of a newer binary, is refused and stays as it is") {
  const FreshDatabase database;
  pg::Session owner(database.owner);
  owner.script(
      "create schema tenon;"
      "create table tenon.migrations (version text primary key, checksum text not null, applied_at timestamptz);"
      "insert into tenon.migrations values ('platform/10_roles', 'a'), ('platform/20_auth', 'b'),"
      " ('20260101000100_foundation', 'c'), ('20260107000500_taken_by_hand', 'd')");
  CHECK_THROWS_WITH_AS(ops::migrate(database.owner, database.super),
                       doctest::Contains("made by an older development version"), ops::RefusedHistory);
  CHECK_THROWS_WITH_AS(ops::schema_status(database.owner), doctest::Contains("tenon db reset"), ops::RefusedHistory);
  CHECK(owner
            .query("select count(*) from pg_class where relnamespace in ('public'::regnamespace, 'tenon'::regnamespace)"
                   " and relkind = 'r'")
            .rows.at(0)
            .at(0) == "1");
  CHECK(owner.query("select count(*) from tenon.migrations").rows.at(0).at(0) == "4");

  ops::drop_everything(database.owner);
  ops::migrate(database.owner, database.super);
  owner.script("insert into tenon.migrations values ('99991231235959_from_the_future', 'e')");
  CHECK_THROWS_WITH_AS(ops::migrate(database.owner, database.super), doctest::Contains("newer"), ops::RefusedHistory);
}

TEST_CASE("psql in name order makes the same schema as the migrator") {
  const FreshDatabase database;
  ops::migrate(database.owner, database.super);
  const FreshDatabase by_psql;
  const auto psql = [](const std::string& url, const fs::path& file) {
    output_of("psql -X -q -v ON_ERROR_STOP=1 -d '" + url + "' -f '" + file.string() + "'");
  };
  const fs::path db = fs::path(std::getenv("TENON_SOURCE_DIR")) / "db";
  psql(by_psql.super.reveal(), db / "platform/10_roles.sql");
  psql(by_psql.owner.reveal(), db / "platform/20_auth.sql");
  psql(by_psql.owner.reveal(), db / "platform/30_storage.sql");
  for (const char* part : {"migrations", "functions"})
    for (const fs::path& file : sorted_files(db / part)) psql(by_psql.owner.reveal(), file);
  CHECK(schema_of(database.owner.reveal()) == schema_of(by_psql.owner.reveal()));
}

TEST_CASE("a statement that the schema does not fit is found by name, and fits again once the schema is mended") {
  const FreshDatabase database;
  ops::migrate(database.owner, database.super);
  pg::Session owner(database.owner);
  static constexpr pg::Sql kAll[] = {
      {"test.profile_find", "select time_zone from public.profiles where id = $1  -- a comment at the end"},
      {"test.job_cancel", "select tenon.cancel_job($1)"},
      {"test.no_such_table", "select 1 from tenon.no_such_table"}};
  const auto refused = [&] {
    std::string names;
    for (const ops::StatementFault& fault : ops::check_statements(database.owner, kAll)) names += fault.name + " ";
    return names;
  };
  CHECK(refused() == "test.no_such_table ");
  owner.script("alter table public.profiles rename column time_zone to zone");
  CHECK(refused() == "test.profile_find test.no_such_table ");
  owner.script(
      "alter table public.profiles rename column zone to time_zone; create table tenon.no_such_table (n int);"
      "grant select on tenon.no_such_table to service_role");
  CHECK(refused().empty());
}
