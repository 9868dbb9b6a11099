#include "ops/schema_check.h"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

#include "core/log.h"
#include "pg/session.h"

namespace ops {

using namespace std::chrono_literals;

namespace {

constexpr auto kPause = 5s;

// Returns early when asked to stop.
void pause(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, kPause, [] { return false; });
}

}  // namespace

std::vector<StatementFault> check_statements(const core::Secret& url, std::span<const pg::Sql> statements) {
  pg::Session session(url);
  session.script("set role service_role");
  std::vector<StatementFault> out;
  for (const pg::Sql& sql : statements) {
    try {
      // One trip and one implicit transaction: also behind a pooler nothing stays prepared.
      session.script(fmt::format("prepare tenon_statement as {}\n; deallocate tenon_statement", sql.text));
    } catch (const pg::Error& error) {
      out.push_back({std::string(sql.name), error.what()});
    }
  }
  return out;
}

SchemaCheck::SchemaCheck(core::Secret url, std::span<const pg::Sql> statements)
    : url_(std::move(url)), statements_(statements) {}

SchemaCheck::~SchemaCheck() = default;

void SchemaCheck::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void SchemaCheck::run(const std::stop_token& stop) {
  std::set<std::string> logged;
  while (!stop.stop_requested()) {
    try {
      const std::vector<StatementFault> faults = check_statements(url_, statements_);
      passed_ = faults.empty();
      if (faults.empty()) return;
      for (const StatementFault& fault : faults)
        if (logged.insert(fault.name).second)
          core::log::error("ops.statement.refused", {{"statement", fault.name}, {"what", fault.reason}});
    } catch (const std::exception& error) {
      core::log::warn("ops.statements.unchecked", {{"what", error.what()}});
    }
    pause(stop);
  }
}

}  // namespace ops
