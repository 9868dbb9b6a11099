// The life of a `tenon web`: how it ends, and what a kill -9 in the middle of everything loses (docs/spec/security.md
// 9).
#include <doctest/doctest.h>

#include <signal.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "core/json.h"
#include "core/text.h"
#include "integration/app/support/process.h"
#include "support/stage.h"
#include "support/wait.h"

using live::Answer;
using live::Socket;
using process::Clock;
using process::json_headers;
using process::Web;
using stage::owner_count;
using stage::owner_query;
using namespace std::chrono_literals;

namespace {

std::string member(const Answer& answer, std::string_view name) {
  const auto json = core::Json::parse(answer.body);
  return json ? (*json)[name].string_or("") : "";
}

std::string photograph() {
  std::ifstream in(std::string(std::getenv("TENON_SOURCE_DIR")) + "/src/pipeline/data/sample/black-canyon.jpg",
                   std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string form_with(const std::string& bytes) {
  return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\nContent-Type: "
         "image/jpeg\r\n\r\n" +
         bytes + "\r\n--b--\r\n";
}

const char* const kForm = "Content-Type: multipart/form-data; boundary=b\r\n";

// A project with a photograph, ready to be started.
std::string ready_project(const Web& web, const std::string& token) {
  const std::string id = member(web.call("POST", "/api/projects", json_headers(token), R"({"title":"t"})"), "id");
  const std::string auth = "Authorization: Bearer " + token + "\r\n";
  const Answer input = web.call("POST", "/api/projects/" + id + "/inputs", auth + kForm, form_with(photograph()));
  if (input.status != 201) throw std::runtime_error("no input: " + input.head + input.body);
  return id;
}

void grant(const std::string& email, int credits) {
  owner_query("select tenon.grant_credits(id, 'test:' || id, " + std::to_string(credits) +
              ", 'test') from auth.users where email = '" + email + "'");
}

// The writes that were acknowledged, and those that were only sent.
struct Told {
  std::mutex mutex;
  std::set<std::string> titles, tried;
  std::map<std::string, std::string> objects;  // key to bytes
  std::map<std::string, std::string> jobs;     // project to job
  std::vector<std::string> odd;                // answers that should not be
  std::atomic<bool> stop{false};
};

void note_odd(Told& told, const char* what, const Answer& answer) {
  // The process may be gone, or so fresh that its database connection is not there yet: a client backs off then.
  if (answer.status == 0 || answer.status == 503) return std::this_thread::sleep_for(5ms);
  const std::lock_guard lock(told.mutex);
  told.odd.push_back(what + std::to_string(answer.status) + " " + answer.body);
}

void write_projects(int port, int n, const std::string& token, Told& told) {
  for (int i = 0; !told.stop; ++i) {
    const std::string title = "w" + std::to_string(n) + "-" + std::to_string(i);
    {
      const std::lock_guard lock(told.mutex);
      told.tried.insert(title);
    }
    const Answer answer =
        process::call(port, "POST", "/api/projects", json_headers(token), R"({"title":")" + title + "\"}");
    if (answer.status != 201) note_odd(told, "project ", answer);
    const std::lock_guard lock(told.mutex);
    if (answer.status == 201) told.titles.insert(title);
  }
}

void write_objects(int port, int n, Told& told) {
  for (int i = 0; !told.stop; ++i) {
    const std::string key = "project-assets/w" + std::to_string(n) + "/" + std::to_string(i);
    const std::string bytes = key + std::string(20000, static_cast<char>('a' + i % 26));
    const Answer answer = process::call(port, "POST", "/storage/v1/object/" + key,
                                        process::service_headers() + "Content-Type: image/png\r\n", bytes);
    if (answer.status != 200) note_odd(told, "object ", answer);
    const std::lock_guard lock(told.mutex);
    if (answer.status == 200) told.objects[key] = bytes;
  }
}

// Repeats the request under the same key until it is acknowledged.
void start_jobs(int port, const std::string& token, const std::vector<std::string>& projects, Told& told) {
  for (const std::string& project : projects) {
    for (int attempt = 0; !told.stop; ++attempt) {
      const Answer answer = process::call(port, "POST", "/api/projects/" + project + "/jobs",
                                          json_headers(token) + "Idempotency-Key: start-" + project + "\r\n", "{}");
      if (answer.status != 201 && answer.status != 200) {
        note_odd(told, "job ", answer);
        continue;
      }
      const std::lock_guard lock(told.mutex);
      const std::string job = member(answer, "id");
      const auto [known, fresh] = told.jobs.emplace(project, job);
      if (!fresh && known->second != job) told.odd.push_back("two jobs of " + project);
      if (attempt > 0 || !fresh) break;
      // The answer came at once; the same key must give the same job.
    }
  }
}

}  // namespace

TEST_CASE("kill -9 under eight writers loses no acknowledged write and doubles none" * doctest::test_suite("slow")) {
  Web web;
  const std::string token = web.sign_in("writer@example.com");
  grant("writer@example.com", 100000);
  std::vector<std::vector<std::string>> projects(2);
  for (auto& mine : projects)
    for (int i = 0; i < 40; ++i) mine.push_back(ready_project(web, token));

  Told told;
  struct Writers {
    Told& told;
    std::vector<std::thread> threads;
    void end() {
      told.stop = true;
      for (std::thread& one : threads) one.join();
      threads.clear();
    }
    ~Writers() { end(); }
  } crew{told, {}};
  std::vector<std::thread>& writers = crew.threads;
  for (int n = 0; n < 4; ++n) writers.emplace_back([&, n] { write_projects(web.port(), n, token, told); });
  for (int n = 0; n < 2; ++n) writers.emplace_back([&, n] { write_objects(web.port(), n, told); });
  for (int n = 0; n < 2; ++n) writers.emplace_back([&, n] { start_jobs(web.port(), token, projects[n], told); });

  std::mt19937 random{20260301};
  std::chrono::milliseconds slowest{0};
  const int kills = 10;
  for (int i = 0; i < kills; ++i) {
    // The moment of the kill is the subject.
    std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution<>(40, 800)(random)));
    web.signal(SIGKILL);
    CHECK(web.wait(5s) == 128 + SIGKILL);
    slowest = std::max(slowest, web.start());
  }
  // On a machine so slow that a kind of write hardly came between two kills, it has its turn now.
  const auto told_enough = [&] {
    const std::lock_guard lock(told.mutex);
    return told.titles.size() > 20 && !told.objects.empty() && !told.jobs.empty();
  };
  support::wait_until(told_enough, 20s);
  crew.end();

  for (const std::string& odd : told.odd) FAIL_CHECK(odd);
  MESSAGE(kills << " kills, acknowledged: " << told.titles.size() << " projects of " << told.tried.size()
                << " asked for, " << told.objects.size() << " objects, " << told.jobs.size()
                << " jobs; slowest restart " << slowest.count() << " ms");
  CHECK(told.titles.size() > 20);
  CHECK(told.objects.size() > 0);
  CHECK(told.jobs.size() > 0);
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)  // several times slower
  CHECK(slowest < 5s);
#else
  CHECK(slowest < 1s);
#endif

  const std::string titles = owner_query("select string_agg(title, ',') from public.projects where title like 'w_-%'");
  std::multiset<std::string> stored;
  for (const std::string_view title : core::split(titles, ',')) stored.insert(std::string(title));
  for (const std::string& title : told.titles) CHECK_MESSAGE(stored.count(title) == 1, title);
  for (const std::string& title : stored)
    CHECK_MESSAGE((stored.count(title) == 1 && told.tried.contains(title)), title);
  for (const auto& [key, bytes] : told.objects) {
    const Answer read = web.call("GET", "/storage/v1/object/" + key, process::service_headers());
    CHECK_MESSAGE((read.status == 200 && read.body == bytes), key);
  }
  for (const auto& [project, job] : told.jobs)
    CHECK(owner_query("select string_agg(id::text, ',') from public.jobs where project_id = '" + project + "'") == job);
  CHECK(owner_count("select count(*) from (select job_id from public.credit_ledger where job_id is not null group by "
                    "job_id having count(*) <> 1) doubled") == 0);
  CHECK(owner_count("select count(*) from public.jobs j where not exists (select from public.credit_ledger l where "
                    "l.job_id = j.id)") == 0);
  CHECK(owner_count("select count(*) from public.credit_accounts a where balance <> (select sum(amount) from "
                    "public.credit_ledger l where l.user_id = a.user_id)") == 0);
}

TEST_CASE("SIGTERM finishes what is under way, ends idle connections and streams, and exits 0 within 15 seconds") {
  Web web;
  const std::string token = web.sign_in("leaver@example.com");
  grant("leaver@example.com", 1000);
  const std::string project = ready_project(web, token);
  const Answer started = web.call("POST", "/api/projects/" + project + "/jobs", json_headers(token), "{}");
  REQUIRE(started.status == 201);
  const std::string bearer = "Authorization: Bearer " + token + "\r\n";

  Socket idle(web.port()), events(web.port()), upload(web.port()), hanging(web.port());
  idle.send(process::request("GET", "/healthz", "", ""));
  CHECK(idle.answer().status == 200);
  events.send(process::request("GET", "/api/jobs/" + member(started, "id") + "/events", bearer, ""));
  CHECK(events.some().starts_with("HTTP/1.1 200 "));
  const std::string bytes(200000, 'x');
  const std::string whole = process::request("POST", "/storage/v1/object/project-assets/leaver",
                                             process::service_headers() + "Content-Type: image/png\r\n", bytes);
  upload.send(std::string_view(whole).substr(0, whole.size() - 100000));
  hanging.send(std::string_view(whole).substr(0, whole.size() - 150000));
  REQUIRE(web.call("GET", "/healthz").status == 200);

  const auto began = Clock::now();
  web.signal(SIGTERM);
  CHECK(idle.closed_within(2s));
  CHECK(events.closed_within(3s));
  upload.send(std::string_view(whole).substr(whole.size() - 100000));
  const Answer stored = upload.answer();
  CHECK(stored.status == 200);
  CHECK(stored.header("connection") == "close");
  CHECK_THROWS(Socket(web.port()));
  CHECK(web.wait(20s) == 0);
  const auto took = std::chrono::duration<double>(Clock::now() - began).count();
  MESSAGE("with a client that never ends its upload it took " << took << " s");
  CHECK(took < 15.0);

  web.start();
  CHECK(web.call("GET", "/storage/v1/object/project-assets/leaver", process::service_headers()).body == bytes);
  Socket quick(web.port());
  quick.send(process::request("GET", "/healthz", "", ""));
  CHECK(quick.answer().status == 200);
  const auto again = Clock::now();
  web.signal(SIGTERM);
  CHECK(web.wait(5s) == 0);
  CHECK(Clock::now() - again < 3s);
}

TEST_CASE("SIGUSR1 reads the schema again on every loop, and nothing stops for it") {
  Web web({{"WEB_LOOPS", "2"}});
  const auto everywhere = [&](int wanted) {  // each connection may meet another loop
    for (int i = 0; i < 10; ++i)
      if (web.call("GET", "/rest/v1/by_signal", process::service_headers() + "Connection: close\r\n").status != wanted)
        return false;
    return true;
  };
  // A catalogue is read at the start, and again when the listener has its session, whenever that is.
  const auto loads = [&] {
    std::ifstream log(web.dir() + "/log");
    int n = 0;
    for (std::string line; std::getline(log, line);) n += line.contains("rest.schema.loaded");
    return n;
  };
  const auto soon = [](auto condition) { return support::wait_until(condition, 5s); };
  REQUIRE(soon([&] { return everywhere(404); }));
  pg::Session owner{core::Secret(stage::url("TENON_TEST_SUPER_URL"))};
  owner.script("create table public.by_signal (id int); grant select on public.by_signal to service_role");
  const int before = loads();
  web.signal(SIGUSR1);
  CHECK(soon([&] { return loads() >= before + 2; }));
  CHECK(soon([&] { return everywhere(200); }));
  owner.script("drop table public.by_signal");
  web.signal(SIGTERM);
  CHECK(web.wait(15s) == 0);
}
