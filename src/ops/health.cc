#include "ops/health.h"

#include <chrono>
#include <memory>

#include "core/json.h"
#include "core/log.h"

namespace ops {

using core::Task;

namespace {

Task<http::Response> alive(http::Request&) { co_return http::json(R"({"status":"alive"})"); }

// The endpoint is public and a check writes to the disk, so one check runs at a time and its result is cached: a good
// one for a second, a bad one for 200 ms, because somebody is waiting for the service to return.
struct Readiness {
  std::vector<ReadyCheck> checks;
  std::string body = "{}";
  bool all = false;
  bool checking = false;
  std::chrono::steady_clock::time_point until{};

  Task<> check_all() {
    bool good = true;
    core::JsonWriter out;
    out.begin();
    for (const ReadyCheck& check : checks) {
      bool answers = false;
      try {
        answers = co_await check.answers();
      } catch (const std::exception& error) {
        core::log::warn("ops.ready.failed", {{"check", check.name}, {"what", error.what()}});
      }
      out.field(check.name, answers ? "ok" : "down");
      good = good && answers;
    }
    body = out.end().take();
    all = good;
    until = std::chrono::steady_clock::now() + std::chrono::milliseconds{all ? 1000 : 200};
  }
};

// Also when the asker leaves and the check ends by an exception.
struct Checking {
  explicit Checking(Readiness& of) : readiness(of) { readiness.checking = true; }
  ~Checking() { readiness.checking = false; }
  Readiness& readiness;
};

Task<http::Response> ready(Readiness& readiness) {
  const bool unknown = readiness.until == std::chrono::steady_clock::time_point{};  // the first check is under way
  if ((!readiness.checking || unknown) && std::chrono::steady_clock::now() >= readiness.until) {
    const Checking checking(readiness);
    co_await readiness.check_all();
  }
  http::Response response = http::json(readiness.body, readiness.all ? 200 : 503);
  if (!readiness.all) response.headers.set("Retry-After", "1");
  co_return response;
}

}  // namespace

void mount(http::Router& router, std::vector<ReadyCheck> checks) {
  router.get("/healthz", http::Access::anyone, alive);
  router.get("/readyz", http::Access::anyone,
             [shared = std::make_shared<Readiness>(Readiness{.checks = std::move(checks)})](http::Request&) {
               return ready(*shared);
             });
}

}  // namespace ops
