// The app under test in one process, over the tests' Postgres and without a socket: a request goes through the router,
// and the guard if there is one, as the server would send it. A suite derives from App and adds the modules it tests.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/env.h"
#include "core/ids.h"
#include "core/json.h"
#include "core/loop.h"
#include "http/router.h"
#include "pg/listener.h"
#include "pg/pg.h"
#include "pg/session.h"
#include "support/wait.h"

namespace support {

using core::Task;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// A variable that tests/support/with-postgres sets. Throws when it is missing.
core::Secret env(const char* name);
// The tests' database as web and worker log in to it.
pg::Config database();

http::Caller user(core::UserId id);
http::Caller key(const std::string& role);  // an API key of that role

struct Call {
  http::Method method = http::Method::get;
  std::string target;   // as the request line has it
  http::Caller caller;  // taken as it is where no guard decides
  Pairs headers;
  std::string body;
  std::size_t piece = 7777;  // a streamed body arrives in pieces of this size
  bool breaks = false;       // and ends before it is complete
};

struct Answer {
  int status = 0;
  http::Headers headers;     // with Set-Cookie
  std::string body;          // whole, of a file or stream too
  core::Json json() const;   // null of an empty body; throws when it is not JSON
  std::string code() const;  // the member `code` of a JSON body, else empty
};

std::string form(const Pairs& fields);  // application/x-www-form-urlencoded

class App {
 public:
  App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;
  virtual ~App();

  pg::Db& db() { return *db_; }
  pg::Listener& listener();
  template <class T>
  T run(Task<T> task) {
    return loop.run_until(std::move(task));
  }

  // A user with a confirmed address, by default one of their own.
  core::UserId sign_up(std::string email = "");
  void grant(core::UserId user, std::int64_t credits);
  std::int64_t balance(core::UserId user);

  Task<Answer> send(Call call);
  Answer call(Call call) { return run(send(std::move(call))); }
  Answer get(core::UserId who, std::string target);
  Answer post(core::UserId who, std::string target, std::string json = "");

  // Runs the loop until it is so, and fails the test when it never is.
  void until(const char* what, std::function<bool()> holds, std::chrono::seconds limit = std::chrono::seconds(60));

  // Queries as the superuser, past every policy. "(none)": no row; "(null)": a null.
  std::string scalar(const std::string& sql, const std::vector<std::string>& params = {});
  std::vector<std::string> column(const std::string& sql);

  core::Loop loop;
  core::BlockingPool pool{2, 256};
  core::ManualClock clock{*core::parse_rfc3339("2026-03-01T12:00:00Z")};
  pg::Session owner{env("TENON_TEST_SUPER_URL")};
  http::Router router;
  http::AccessControl* guard = nullptr;
  std::string client_ip = "198.51.100.7";
  http::Caller caller;  // of the last request

 protected:
  // Ends listener and database. A derived class calls it while its modules still live.
  void close();

 private:
  std::unique_ptr<pg::Db> db_;
  std::unique_ptr<pg::Listener> listener_;
  bool closed_ = false;
};

}  // namespace support
