// Compares the product's SQL statements with the database it runs on: a table, column or function that is missing is
// found at start, before the first user meets it.
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/env.h"
#include "pg/pg.h"

namespace ops {

struct StatementFault {
  std::string name;    // of the statement
  std::string reason;  // what Postgres says
};

// Prepares each statement, without running it, as service_role. Returns those that Postgres refuses. Throws
// pg::Unavailable when the database cannot be reached.
std::vector<StatementFault> check_statements(const core::Secret& url, std::span<const pg::Sql> statements);

// Does so in the background, on a thread of its own, from start() until the statements fit or the object is destroyed.
// Logs each statement that does not fit once, and checks again every few seconds, in case a migration fixes it.
class SchemaCheck {
 public:
  SchemaCheck(core::Secret url, std::span<const pg::Sql> statements);
  ~SchemaCheck();
  void start();
  // False while some statement is known not to fit. From any thread.
  bool passed() const { return passed_.load(std::memory_order_relaxed); }

 private:
  void run(const std::stop_token& stop);
  core::Secret url_;
  std::span<const pg::Sql> statements_;
  std::atomic<bool> passed_ = true;
  std::jthread thread_;
};

}  // namespace ops
