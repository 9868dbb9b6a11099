// Requests while the database is gone, frozen, busy, or back again; and clients that do not wait for it.
#include <doctest/doctest.h>

#include <signal.h>

#include <thread>

#include "core/json.h"
#include "integration/app/support/process.h"
#include "support/stage.h"
#include "support/wait.h"

using live::Answer;
using live::Socket;
using process::Clock;
using process::json_headers;
using process::Web;
using stage::owner_count;
using namespace std::chrono_literals;

namespace {

struct Question {
  const char* method;
  const char* path;
  std::string headers;
  const char* body;
};

// Each on a thread of its own, so that they wait together.
std::vector<std::pair<Answer, double>> ask_all(const Web& web, const std::vector<Question>& questions) {
  std::vector<std::pair<Answer, double>> out(questions.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < questions.size(); ++i)
    threads.emplace_back([&, i] {
      const auto began = Clock::now();
      out[i].first = web.call(questions[i].method, questions[i].path, questions[i].headers, questions[i].body);
      out[i].second = stage::seconds_since(began);
    });
  for (std::thread& thread : threads) thread.join();
  return out;
}

std::vector<Question> questions(const std::string& token) {
  const std::string key = process::service_headers(), json = "Content-Type: application/json\r\n";
  const std::string wire =
      "apikey: " + key.substr(8, key.find('\r') - 8) + "\r\nAuthorization: Bearer " + token + "\r\n";
  return {
      {"GET", "/readyz", "", ""},
      {"GET", "/api/projects", json_headers(token), ""},
      {"POST", "/api/projects", json_headers(token), R"({"title":"during the outage"})"},
      {"DELETE", "/api/projects/0190c8a4-7b1e-7cc0-8000-000000000001", json_headers(token), ""},
      {"GET", "/app/projects", "Authorization: Bearer " + token + "\r\n", ""},
      {"GET", "/auth/v1/user", wire, ""},
      {"POST", "/auth/v1/token?grant_type=password", key + json,
       R"({"email":"outage@example.com","password":"a password of the tests"})"},
      {"POST", "/auth/v1/recover", key + json, R"({"email":"outage@example.com"})"},
      {"GET", "/storage/v1/object/project-assets/nothing", key, ""},
      {"POST", "/storage/v1/object/project-assets/new", key + "Content-Type: image/png\r\n", "bytes"},
      {"POST", "/api/projects/0190c8a4-7b1e-7cc0-8000-000000000001/jobs", json_headers(token), "{}"},
      {"GET", "/api/jobs/0190c8a4-7b1e-7cc0-8000-000000000001/events", json_headers(token), ""},
      {"POST", "/auth/v1/token?grant_type=refresh_token", key + json, R"({"refresh_token":"no such token"})"},
      {"GET", "/rest/v1/projects?select=id", wire, ""},
      {"POST", "/rest/v1/projects", wire + json, R"({"title":"during the outage"})"},
      {"POST", "/rest/v1/rpc/claim_next_job", key + json, R"({"worker_name":"one"})"},
  };
}

// The error object that the clients of that path read.
bool in_its_shape(std::string_view path, const Answer& answer) {
  const auto body = core::Json::parse(answer.body);
  if (path.starts_with("/auth/v1/"))
    return body && (*body)["error_code"].is_string() && (*body)["msg"].is_string() &&
           answer.header("x-sb-error-code") != "";
  if (path.starts_with("/rest/v1/")) return body && (*body)["code"].is_string() && (*body)["message"].is_string();
  if (path.starts_with("/storage/v1/")) return body && (*body)["statusCode"].string_or("") == "503";
  if (path.starts_with("/api/")) return body && (*body)["error"].is_string() && (*body)["request_id"].is_string();
  return true;
}

void all_are_told(const Web& web, const std::vector<Question>& all, double within = 5.0) {
  double longest = 0;
  const auto answers = ask_all(web, all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [answer, seconds] = answers[i];
    CAPTURE(std::string(all[i].path));
    CAPTURE(answer.body);
    CHECK(answer.status == 503);
    CHECK(answer.header("retry-after") != "");
    CHECK(in_its_shape(all[i].path, answer));
    CHECK(seconds < within);
    longest = std::max(longest, seconds);
  }
  MESSAGE("the longest wait for a 503 was " << longest << " s");
}

// How long after `began` everything is served again.
double served_again(const Web& web, const std::string& token, Clock::time_point began) {
  while (web.call("GET", "/api/projects", json_headers(token)).status != 200 ||
         web.call("GET", "/readyz").status != 200)
    if (stage::seconds_since(began) > 10) return 10;
  return stage::seconds_since(began);
}

}  // namespace

TEST_CASE(
    "with the database gone every kind of request is told so within five seconds, and served within one of its "
    "return") {
  stage::Proxy proxy;
  Web web({{"DATABASE_URL", stage::url_by(proxy.port())}});
  const std::string token = web.sign_in("outage@example.com");
  CHECK(web.call("GET", "/api/projects", json_headers(token)).status == 200);
  const pid_t pid = web.pid();

  proxy.cut();
  all_are_told(web, questions(token));
  CHECK(web.call("GET", "/healthz").status == 200);
  CHECK(web.call("GET", "/pricing").status == 200);
  std::this_thread::sleep_for(1s);  // an outage of a second: time is the subject
  all_are_told(web, questions(token));
  proxy.restore();
  const double back = served_again(web, token, Clock::now());
  MESSAGE("served again after " << back << " s");
  CHECK(back < 1.0);
  CHECK(owner_count("select count(*) from public.projects where title = 'during the outage'") == 0);

  std::this_thread::sleep_for(1100ms);  // a good readiness is kept for a second
  proxy.freeze(true);
  all_are_told(web, questions(token));
  proxy.freeze(false);
  CHECK(served_again(web, token, Clock::now()) < 1.0);
  CHECK(web.pid() == pid);
  web.signal(SIGTERM);
  CHECK(web.wait(15s) == 0);
}

TEST_CASE("a slow query holds up nobody else, ends at its time with 503, and goes with its client") {
  Web web;
  const std::string token = web.sign_in("slow@example.com");
  CHECK(web.call("GET", "/api/projects", json_headers(token)).status == 200);
  pg::Session locker{core::Secret(stage::url("TENON_TEST_SUPER_URL"))};
  locker.script("begin; lock table public.projects in access exclusive mode");
  const auto waiting = [] {
    return owner_count(
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = "
        "'authenticator'");
  };
  const auto soon = [](auto condition) { return support::wait_until(condition, 5s); };

  {
    std::vector<std::unique_ptr<Socket>> stuck;
    for (int i = 0; i < 6; ++i) {
      stuck.push_back(std::make_unique<Socket>(web.port()));
      stuck.back()->send(process::request("GET", "/api/projects", json_headers(token), ""));
    }
    REQUIRE(soon([&] { return waiting() > 0; }));
    std::this_thread::sleep_for(100ms);  // what is sent in the first 50 ms goes behind them: see pg's limits_test
    double longest = 0;
    for (int i = 0; i < 40; ++i) {
      const auto began = Clock::now();
      CHECK(web.call("GET", "/storage/v1/object/project-assets/nothing", process::service_headers()).status != 503);
      longest = std::max(longest, stage::seconds_since(began));
    }
    MESSAGE("beside six stuck queries another request took at most " << longest << " s");
    CHECK(longest < 4.0);
    for (auto& one : stuck) one->reset();
  }
  CHECK(soon([&] { return waiting() == 0; }));  // their clients have left

  const auto began = Clock::now();
  const Answer late = web.call("GET", "/api/projects", json_headers(token));
  CHECK(late.status == 503);
  CHECK(late.header("retry-after") != "");
  CHECK(stage::seconds_since(began) < 10.5);  // statement_timeout of a signed-in person: 8 s
  locker.script("lock table storage.objects in access exclusive mode");
  const Question stored{"GET", "/storage/v1/object/project-assets/nothing",
                        process::service_headers() + "Authorization: Bearer " + token + "\r\n", ""};
  all_are_told(web, {stored}, 10.5);
  locker.script("rollback");
  CHECK(web.call("GET", "/api/projects", json_headers(token)).status == 200);
}
