// A loop, a Db, a store in a folder of its own and a router, without a server: routes are called as the server would
// call them, with the caller that a guard would have found. For the tests of storage/ and projects/.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "core/loop.h"
#include "core/text.h"
#include "http/router.h"
#include "pg/session.h"
#include "storage/signed_url_token.h"
#include "storage/storage.h"
#include "storage/storage_context.h"

namespace world {

using core::Task;

inline core::Secret env(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is missing: run by tests/support/with-postgres");
  return core::Secret(value);
}

// A body that arrives in pieces of `step` bytes, and may break off.
class FakeBody final : public http::BodyReader {
 public:
  FakeBody(std::string bytes, std::size_t step, bool breaks) : bytes_(std::move(bytes)), step_(step), breaks_(breaks) {}
  Task<std::string_view> read() override {
    if (at_ >= bytes_.size()) {
      if (breaks_) throw std::runtime_error("the client left");
      co_return std::string_view();
    }
    const std::string_view piece = std::string_view(bytes_).substr(at_, step_);
    at_ += piece.size();
    co_return piece;
  }

 private:
  std::string bytes_;
  std::size_t step_;
  std::size_t at_ = 0;
  bool breaks_;
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
};

struct Call {
  http::Method method = http::Method::get;
  std::string target;
  http::Caller caller;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::size_t step = 7777;
  bool breaks = false;
};

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

class World {
 public:
  World() {
    char name[] = "/tmp/tenon-store.XXXXXX";
    if (::mkdtemp(name) == nullptr) throw std::runtime_error("no temporary folder");
    dir = name;
    pg::Config config;
    config.url = env("TENON_TEST_URL");
    config.direct_url = env("TENON_TEST_URL");
    db_ = std::make_unique<pg::Db>(loop, config);
    storage::Config store;
    store.dir = dir + "/store";
    store.signing_key = storage::derive_signing_key(core::Secret("a secret of the tests only, long enough"));
    store.public_url = "http://localhost:3000";
    store.max_upload = 4 << 20;
    storage_ = std::make_unique<storage::Storage>(loop, disk, *db_, clock, store);
    storage::mount(router, *storage_);
  }
  ~World() {
    loop.run_until(db_->close());
    storage_.reset();
    db_.reset();
    std::filesystem::remove_all(dir);
  }
  pg::Db& db() { return *db_; }
  storage::Storage& storage() { return *storage_; }
  template <class T>
  T run(Task<T> task) {
    return loop.run_until(std::move(task));
  }

  core::UserId sign_up() {
    const auto id = core::UserId::random();
    owner.query("insert into auth.users (id, email) values ($1, $2)", {id.str(), id.str() + "@example.com"});
    return id;
  }
  std::string scalar(const std::string& sql, const std::vector<std::string>& params = {}) {
    const auto result = owner.query(sql, params);
    return result.rows.empty() ? "(none)" : result.rows[0][0].value_or("(null)");
  }
  std::size_t files() const {  // durable ones
    std::size_t n = 0;
    std::error_code none;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir + "/store/objects", none))
      if (entry.is_regular_file()) ++n;
    return n;
  }
  std::size_t temps() const {
    std::size_t n = 0;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(dir + "/store/tmp", none))
      n += entry.is_regular_file();
    return n;
  }

  Answer call(Call c) {
    http::Request rq;
    rq.method = c.method;
    rq.target = c.target;
    const std::size_t question = std::min(c.target.find('?'), c.target.size());
    rq.path = core::percent_decode(c.target.substr(0, question)).value();
    if (question < c.target.size())
      for (const std::string_view pair : core::split(std::string_view(c.target).substr(question + 1), '&')) {
        const std::size_t is = std::min(pair.find('='), pair.size());
        rq.queries.emplace_back(core::percent_decode(pair.substr(0, is)).value(),
                                core::percent_decode(pair.substr(std::min(is + 1, pair.size()))).value());
      }
    for (auto& [name, value] : c.headers) rq.headers.add(name, value);
    rq.caller = c.caller;
    rq.request_id = "test";
    auto match = router.find(c.method, rq.path);
    if (match.route == nullptr && c.method == http::Method::head) match = router.find(http::Method::get, rq.path);
    if (match.route == nullptr) return Answer{.status = match.allow.empty() ? 404 : 405, .headers = {}, .body = ""};
    rq.params = match.params;
    rq.route = match.route->pattern;
    rq.group = match.route->group;
    FakeBody body(c.body, c.step, c.breaks);
    if (match.route->streamed) rq.stream = &body;
    else rq.body = c.body;
    http::Response response;
    try {
      response = run(match.route->handler(rq));
    } catch (const core::Problem& problem) {
      response = http::error_response(rq, problem);
    }
    if (const auto* stream = std::get_if<http::StreamBody>(&response.body)) {
      Gathered all;
      run(stream->write(all));
      return Answer{.status = response.status, .headers = response.headers, .body = all.text};
    }
    return Answer{.status = response.status, .headers = response.headers, .body = text_of(response)};
  }

  core::Loop loop;
  core::BlockingPool disk{2, 256};
  core::ManualClock clock{*core::parse_rfc3339("2026-03-01T12:00:00Z")};
  pg::Session owner{env("TENON_TEST_SUPER_URL")};
  http::Router router;
  std::string dir;

 private:
  struct Gathered final : http::BodyWriter {
    core::Task<> write(std::string_view bytes) override {
      text += bytes;
      co_return;
    }
    std::string text;
  };
  static std::string text_of(const http::Response& response) {
    if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
    const auto* file = std::get_if<http::FileBody>(&response.body);
    if (file == nullptr) return "";
    std::ifstream in(file->path, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(file->offset));
    std::string bytes(file->length, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    return bytes;
  }
  std::unique_ptr<pg::Db> db_;
  std::unique_ptr<storage::Storage> storage_;
};

}  // namespace world
