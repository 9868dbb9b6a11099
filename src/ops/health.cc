#include "ops/health.h"

#include <chrono>
#include <memory>

#include "core/json.h"
#include "core/log.h"

namespace ops {

using core::Task;

namespace {

Task<http::Response> alive(http::Request&) { co_return http::json(R"({"status":"alive"})"); }

// Anybody may ask, and an answer costs a write to the disk: a good result holds for a second, a bad one for a fifth of
// it, so that who waits for the service learns of its return; and one check runs at a time.
struct Readiness {
  std::vector<ReadyCheck> checks;
  std::string body = "{}";
  bool all = false;
  bool asked = false;  // a check is under way
  std::chrono::steady_clock::time_point until{};

  Task<> look() {
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
    asked = false;
  }
};

Task<http::Response> ready(Readiness& readiness) {
  if (!readiness.asked && std::chrono::steady_clock::now() >= readiness.until) {
    readiness.asked = true;
    co_await readiness.look();
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
