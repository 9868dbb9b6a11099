#include "ops/health.h"

#include "core/json.h"

namespace ops {

using core::Task;

namespace {

Task<http::Response> alive(http::Request&) { co_return http::json(R"({"status":"alive"})"); }

Task<http::Response> ready(const std::vector<ReadyCheck>& checks) {
  bool all = true;
  core::JsonWriter body;
  body.begin();
  for (const ReadyCheck& check : checks) {
    const bool answers = co_await check.answers();
    body.field(check.name, answers ? "ok" : "down");
    all = all && answers;
  }
  body.end();
  http::Response response = http::json(body.take(), all ? 200 : 503);
  if (!all) response.headers.set("Retry-After", "2");
  co_return response;
}

}  // namespace

void mount(http::Router& router, std::vector<ReadyCheck> checks) {
  router.get("/healthz", http::Who::anyone, alive);
  router.get("/readyz", http::Who::anyone,
             [checks = std::move(checks)](http::Request&) -> Task<http::Response> { return ready(checks); });
}

}  // namespace ops
