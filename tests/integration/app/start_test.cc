// Faults that prevent a start, and their report.
#include <doctest/doctest.h>

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include "integration/app/support/process.h"
#include "support/stage.h"
#include "support/wait.h"

using process::Web;
using namespace std::chrono_literals;

namespace {

struct Ended {
  int status = 0;
  std::string output;
};

// Runs the binary with exactly these variables and a PATH.
Ended tenon(const std::string& words, const std::string& variables) {
  const std::string command = "cd /tmp && env -i PATH=/usr/bin:/bin " + variables + " '" +
                              std::string(std::getenv("TENON_BINARY")) + "' " + words + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  Ended out;
  for (char buffer[4096]; const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe);)
    out.output.append(buffer, n);
  const int status = ::pclose(pipe);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return out;
}

std::string database_url(const char* variable) { return "DATABASE_URL='" + std::string(std::getenv(variable)) + "'"; }

std::string text_of(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

// Waits for an answer of /readyz with this status and these words. Until the first check has ended, other parts are
// named in its 503.
bool becomes(const Web& web, int status, std::string_view words) {
  return support::wait_until(
      [&] {
        const auto ready = web.call("GET", "/readyz");
        return ready.status == status && ready.body.contains(words);
      },
      20s);
}

// public.profiles has no time_zone while this lives.
struct MissingColumn {
  MissingColumn() { stage::owner_run("alter table public.profiles rename column time_zone to gone"); }
  ~MissingColumn() { stage::owner_run("alter table public.profiles rename column gone to time_zone"); }
};

}  // namespace

TEST_CASE("a missing column makes /readyz answer 503, and the log names the statement that needs it") {
  std::optional<MissingColumn> missing(std::in_place);
  const Web web;
  CHECK(becomes(web, 503, R"("statements":"down")"));
  CHECK(web.call("GET", "/pricing").status == 200);
  const std::string log = text_of(web.dir() + "/log");
  CHECK(log.contains("ops.statement.refused"));
  CHECK(log.contains(R"("statement":")"));
  CHECK(log.contains("time_zone"));
  missing.reset();
  CHECK(becomes(web, 200, R"("statements":"ok")"));
}

TEST_CASE("tenon check names a statement that the database does not fit") {
  const std::string variables = database_url("TENON_TEST_URL");
  const Ended fit = tenon("check", variables);
  CHECK_MESSAGE(fit.status == 0, fit.output);
  const MissingColumn missing;
  const Ended checked = tenon("check", variables);
  CHECK(checked.status == 1);
  CHECK_MESSAGE(checked.output.contains("fault: the statement "), checked.output);
}

TEST_CASE("production names the faults of configuration and database in one message and exits with 78") {
  const Ended ended = tenon("web", "TENON_ENV=production " + database_url("TENON_TEST_SUPER_URL"));
  CHECK(ended.status == 78);
  CHECK_MESSAGE(ended.output.contains("the configuration is not complete:"), ended.output);
  CHECK_MESSAGE(ended.output.contains("APP_BASE_URL"), ended.output);
  CHECK_MESSAGE(ended.output.contains("logs in as a superuser"), ended.output);
}

TEST_CASE("a process that others can reach starts only when TENON_ENV is set") {
  for (const char* verb : {"web", "serve", "worker --once"}) {
    CAPTURE(verb);
    for (const char* bind : {"0.0.0.0", "::", "192.0.2.1"}) {
      const Ended ended = tenon(verb, "TENON_BIND=" + std::string(bind) + " " + database_url("TENON_TEST_URL"));
      CHECK(ended.status == 78);
      CHECK_MESSAGE(ended.output.contains("TENON_ENV is not set"), ended.output);
    }
  }
  const Web said({{"TENON_BIND", "0.0.0.0"}, {"TENON_ENV", "development"}});
  CHECK(said.call("GET", "/healthz").status == 200);
}

TEST_CASE("a database made by an older development version is refused until it is reset, which runs db/seed.sql") {
  stage::owner_run("create database older owner tenon_owner");
  std::string url = std::getenv("TENON_TEST_OWNER_URL");
  url = "DATABASE_URL='" + url.substr(0, url.rfind('/')) + "/older'";
  const std::string psql = url.substr(13);
  REQUIRE(
      std::system(("psql -Xq -d " + psql +
                   " -c 'create schema tenon' -c 'create table tenon.migrations (version text primary key, checksum "
                   "text not null, applied_at timestamptz not null default now())' -c \"insert into tenon.migrations "
                   "values ('platform/20_auth', 'a'), ('20260101000100_foundation', 'b')\"")
                      .c_str()) == 0);
  for (const char* words : {"db migrate", "db status"}) {
    const Ended refused = tenon(words, url);
    CHECK(refused.status == 78);
    CHECK_MESSAGE(refused.output.contains("older development version"), refused.output);
    CHECK_MESSAGE(refused.output.contains("tenon db reset"), refused.output);
  }
  CHECK(tenon("db reset", "TENON_ENV=production " + url).status == 1);
  const Ended reset = tenon("db reset", url);
  CHECK_MESSAGE(reset.status == 0, reset.output);
  CHECK(reset.output.contains("applied db/seed.sql"));
  CHECK(tenon("db migrate", url).status == 0);
  CHECK(tenon("db status", url).status == 0);
}
