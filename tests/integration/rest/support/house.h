// The data API on the test's Postgres without a socket: requests go through the router with a given caller. For the
// integration and security tests of rest/.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/json.h"
#include "core/loop.h"
#include "core/text.h"
#include "http/router.h"
#include "pg/listener.h"
#include "pg/session.h"
#include "rest/rest.h"

namespace house {

using core::Task;
using http::Method;
using Pairs = std::vector<std::pair<std::string, std::string>>;

inline core::Secret env(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is missing: run by tests/support/with-postgres");
  return core::Secret(value);
}

inline http::Caller user(core::UserId id) {
  http::Caller caller;
  caller.kind = http::Caller::Kind::user;
  caller.user = id;
  caller.role = "authenticated";
  caller.claims = R"({"role":"authenticated","sub":")" + id.str() + "\"}";
  return caller;
}
inline http::Caller key(const std::string& role) {
  http::Caller caller;
  caller.kind = http::Caller::Kind::key;
  caller.role = role;
  caller.claims = R"({"role":")" + role + "\"}";
  return caller;
}

struct Call {
  Method method = Method::get;
  std::string path;  // below /rest/v1/, decoded
  Pairs query;       // decoded
  http::Caller caller;
  std::string body;  // JSON
  Pairs headers;
};

struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;
  core::Json json() const {
    const auto parsed = core::Json::parse(body);
    if (!parsed) throw std::runtime_error("the answer is no JSON: " + body);
    return *parsed;
  }
  std::string code() const { return body.empty() ? "" : json()["code"].string_or(""); }
};

class House {
 public:
  explicit House(rest::Config config = {}) {
    config.search_path = "\"public\", \"extensions\"";
    config.public_url = "http://localhost:3000";
    pg::Config database;
    database.url = env("TENON_TEST_URL");
    database.direct_url = database.url;
    db_ = std::make_unique<pg::Db>(loop, database);
    listener_ = std::make_unique<pg::Listener>(loop, database);
    rest_ = std::make_unique<rest::Rest>(loop, *db_, *listener_, std::move(config));
    rest::mount(router_, *rest_);
  }
  ~House() {
    loop.run_until(rest_->close());
    loop.run_until(listener_->close());
    loop.run_until(db_->close());
    rest_.reset();
    listener_.reset();
    db_.reset();
  }

  Answer call(Call c) { return loop.run_until(send(std::move(c))); }
  Task<Answer> send(Call c) {
    http::Request rq;
    rq.method = c.method;
    rq.path = "/rest/v1/" + c.path;
    rq.target = "/rest/v1/" + core::percent_encode(c.path);
    for (const auto& [name, value] : c.query)
      rq.target += (rq.target.find('?') == std::string::npos ? "?" : "&") + core::percent_encode(name) + "=" +
                   core::percent_encode(value);
    rq.queries = std::move(c.query);
    rq.headers.add("Host", "localhost:3000");
    if (!c.body.empty()) rq.headers.add("Content-Type", "application/json");
    for (auto& [name, value] : c.headers) rq.headers.add(name, value);
    rq.body = std::move(c.body);
    rq.caller = std::move(c.caller);
    rq.request_id = "test";
    auto match = router_.find(rq.method, rq.path);
    if (match.route == nullptr && rq.method == Method::head) match = router_.find(Method::get, rq.path);
    if (match.route == nullptr) co_return Answer{.status = match.allow.empty() ? 404 : 405, .headers = {}, .body = ""};
    rq.params = match.params;
    rq.route = match.route->pattern;
    http::Response response;
    try {
      Task<http::Response> answering = match.route->handler(rq);
      response = co_await answering;
    } catch (const core::Problem& problem) {
      response = http::problem(problem, rq);
    }
    Answer answer{.status = response.status, .headers = response.headers, .body = ""};
    if (const auto* text = std::get_if<std::string>(&response.body)) answer.body = *text;
    co_return answer;
  }

  // As the superuser, bypassing row-level security.
  void script(const std::string& sql) { super_.script(sql); }
  std::string scalar(const std::string& sql, const std::vector<std::string>& params = {}) {
    const auto result = super_.query(sql, params);
    return result.rows.empty() ? "(none)" : result.rows[0][0].value_or("(null)");
  }
  std::vector<std::string> column(const std::string& sql) {
    std::vector<std::string> out;
    for (const auto& row : super_.query(sql).rows) out.push_back(row.at(0).value_or("(null)"));
    return out;
  }
  core::UserId sign_up() {
    const auto id = core::UserId::random();
    super_.query("insert into auth.users (id, email) values ($1, $2)", {id.str(), id.str() + "@example.com"});
    return id;
  }

  core::Loop loop;

 private:
  pg::Session super_{env("TENON_TEST_SUPER_URL")};
  std::unique_ptr<pg::Db> db_;
  std::unique_ptr<pg::Listener> listener_;
  std::unique_ptr<rest::Rest> rest_;
  http::Router router_;
};

}  // namespace house
