// One caller has a share of the process, never the whole (docs/spec/security.md 1.11): a free account asks as much as
// it can, and others sign in, work and see a ready server beside it.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "core/json.h"
#include "identity/api_keys.h"
#include "integration/app/support/process.h"
#include "support/stage.h"

using live::Answer;
using process::Clock;
using process::json_headers;
using process::Web;
using stage::owner_query;
using stage::owner_run;
using namespace std::chrono_literals;

namespace {

// The user whom the attacks must not touch, with an address for each test: they share a database.
struct Ada {
  Ada(Web& web, const std::string& address) : email(address), token(web.sign_in(address)) {}
  std::string email, token;
};

std::string wire_headers(const std::string& token) {
  return "apikey: " + identity::make_api_key(process::kSecret, "anon") + "\r\n" + json_headers(token);
}

std::string times(const std::string& text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

// Eight levels: sixty pictures, their project, its sixty pictures, …
const std::string kDeep = times("assets(id,projects(id,", 4) + "title" + times("))", 4);

// A free account with one project of sixty pictures.
struct Mallory {
  explicit Mallory(Web& web, const std::string& name, const std::string& title = "mine") : token(web.sign_in(name)) {
    const std::string user = owner_query("select id from auth.users where email = '" + name + "'");
    project =
        owner_query("insert into projects (user_id, title) values ('" + user + "', '" + title + "') returning id");
    owner_run("insert into assets (user_id, project_id, type, path, meta) select '" + user + "', '" + project +
              "', 'input', 'project-assets/u_" + user +
              "/' || n, jsonb_build_object('name', repeat('x', 200)) from "
              "generate_series(1, 60) n");
    asset = owner_query("select id from assets where project_id = '" + project + "' limit 1");
  }
  std::string token, project, asset;
};

// The answers to somebody else meanwhile.
struct Others {
  int asked = 0;
  std::vector<std::string> refused;
  double longest = 0;
};

Others others_beside(const Web& web, const Ada& ada, std::chrono::milliseconds during) {
  Others out;
  const std::string json = "Content-Type: application/json\r\n", key = process::service_headers();
  const auto ask = [&](const char* method, const char* path, const std::string& headers, const std::string& body) {
    const auto began = Clock::now();
    const Answer answer = web.call(method, path, headers, body);
    out.longest = std::max(out.longest, stage::seconds_since(began));
    ++out.asked;
    if (answer.status != 200 && answer.status != 201)
      out.refused.push_back(std::string(path) + " " + std::to_string(answer.status));
  };
  const auto until = Clock::now() + during;
  while (Clock::now() < until) {
    ask("GET", "/readyz", "", "");
    ask("GET", "/app/projects", "Authorization: Bearer " + ada.token + "\r\n", "");
    ask("GET", "/api/projects", json_headers(ada.token), "");
    ask("POST", "/api/projects", json_headers(ada.token), R"({"title":"ours"})");
    ask("GET", "/rest/v1/projects?select=id&limit=5", wire_headers(ada.token), "");
    ask("POST", "/auth/v1/token?grant_type=password", key + json,
        R"({"email":")" + ada.email + R"(","password":"a password of the tests"})");
  }
  return out;
}

// Repeats each attack on a thread of its own, until the others were looked at.
Others beside(const Web& web, const Ada& ada, const std::vector<std::function<Answer()>>& attacks,
              std::vector<Answer>& answers) {
  std::atomic<bool> over = false;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (const auto& attack : attacks) {
    std::this_thread::sleep_for(70ms);  // so that each meets other connections: time is the subject
    threads.emplace_back([&] {
      while (!over) {
        Answer answer = attack();
        const std::lock_guard lock(mutex);
        answers.push_back(std::move(answer));
      }
    });
  }
  const Others out = others_beside(web, ada, 5s);
  over = true;
  for (std::thread& thread : threads) thread.join();
  return out;
}

std::string statuses(const std::vector<Answer>& answers) {
  std::map<int, int> counted;
  for (const Answer& answer : answers) ++counted[answer.status];
  std::string out;
  for (const auto& [status, n] : counted) out += std::to_string(status) + " × " + std::to_string(n) + "  ";
  return out;
}

void nobody_notices(const Others& others) {
  MESSAGE(others.asked << " requests of others, the longest took " << others.longest << " s");
  CHECK(others.asked > 10);
  for (const std::string& one : others.refused) FAIL_CHECK(one);
  CHECK(others.longest < 2.0);
}

std::size_t most_memory(const Web& web) {
  std::ifstream status("/proc/" + std::to_string(web.pid()) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) * 1024;
  return 0;
}

}  // namespace

TEST_CASE("slow reads of one account hold up nobody else, and those beyond its share are refused as its own" *
          doctest::test_suite("slow")) {
  Web web;
  const Ada ada(web, "ada-reads@example.com");
  const Mallory mallory(web, "mallory-reads@example.com");
  const std::string path = "/rest/v1/projects?id=eq." + mallory.project + "&select=id," + kDeep;
  std::vector<Answer> answers;
  const std::vector<std::function<Answer()>> attacks(
      24, [&] { return web.call("GET", path, wire_headers(mallory.token), ""); });
  nobody_notices(beside(web, ada, attacks, answers));
  MESSAGE("the attacker was told " << statuses(answers));
  const auto told = std::ranges::find(answers, 429, &Answer::status);
  REQUIRE(told != answers.end());
  CHECK(told->header("retry-after") != "");
  CHECK(told->body.contains("too_many_requests"));
}

TEST_CASE("who holds the lock of a row of their own and waits for it stops nobody's sign-in" *
          doctest::test_suite("slow")) {
  Web web;
  const Ada ada(web, "ada-locks@example.com");
  const Mallory mallory(web, "mallory-locks@example.com");
  const std::string held = "/rest/v1/projects?id=eq." + mallory.project + "&select=id," + kDeep;
  const std::string form = "/api/projects/" + mallory.project + "/inputs/" + mallory.asset;
  std::vector<std::function<Answer()>> attacks;
  for (int i = 0; i < 4; ++i)
    attacks.emplace_back([&] {
      return web.call("PATCH", held, wire_headers(mallory.token) + "Prefer: return=representation\r\n",
                      R"({"title":"x"})");
    });
  for (int i = 0; i < 12; ++i)
    attacks.emplace_back([&] { return web.call("PATCH", form, json_headers(mallory.token), R"({"caption":"y"})"); });
  std::vector<Answer> answers;
  nobody_notices(beside(web, ada, attacks, answers));
  MESSAGE("the attacker was told " << statuses(answers));
}

TEST_CASE("an answer is bounded, whatever multiplies it, and memory with it" * doctest::test_suite("slow")) {
  Web web;
  const Ada ada(web, "ada-bytes@example.com");
  const Mallory mallory(web, "mallory-bytes@example.com", "1e131071");
  std::string aliases, casts;
  for (int i = 0; i < 300; ++i) aliases += (i > 0 ? ",a" : "a") + std::to_string(i) + ":meta";
  for (int i = 0; i < 600; ++i) casts += (i > 0 ? ",a" : "a") + std::to_string(i) + ":title::numeric";
  const std::vector<std::string> paths{
      "/rest/v1/assets?select=projects(assets(" + aliases + "))",
      "/rest/v1/assets?select=...projects(...assets(" + aliases + "))",
      "/rest/v1/projects?select=" + casts,
      "/rest/v1/projects?select=a:title::numeric,assets(projects(a:title::numeric,b:title::numeric,c:title::numeric))",
  };
  for (const std::string& path : paths)
    for (const std::string& accept : {"application/json", "text/csv"}) {
      const Answer answer = web.call("GET", path, wire_headers(mallory.token) + "Accept: " + accept + "\r\n", "");
      CAPTURE(path.substr(0, 80));
      CAPTURE(answer.body.substr(0, 200));
      CHECK(answer.status == 413);
      CHECK(answer.body.contains("response_too_large"));
    }
  const Answer changed =
      web.call("PATCH", "/rest/v1/projects?id=eq." + mallory.project + "&select=" + casts,
               wire_headers(mallory.token) + "Prefer: return=representation\r\n", R"({"title":"1e131070"})");
  CHECK(changed.status == 413);
  CHECK(owner_query("select title from projects where id = '" + mallory.project + "'") == "1e131071");
  CHECK(web.call("GET", "/rest/v1/projects?select=title::numeric[]", wire_headers(mallory.token), "").status == 400);

  std::vector<Answer> answers;
  const std::vector<std::function<Answer()>> attacks(
      8, [&] { return web.call("GET", paths.front(), wire_headers(mallory.token), ""); });
  nobody_notices(beside(web, ada, attacks, answers));
  MESSAGE("the attacker was told " << statuses(answers));
  MESSAGE("the process used at most " << (most_memory(web) >> 20) << " MiB");
  CHECK(most_memory(web) < (384u << 20));
}
