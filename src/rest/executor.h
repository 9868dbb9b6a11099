// Runs the statements of one request: its role, the settings that SQL may read of it, and the database.
#pragma once

#include <chrono>

#include "pg/pg.h"
#include "rest/request/request.h"
#include "rest/sql_text.h"

namespace rest {

using core::Task;

class Executor {
 public:
  Executor(pg::Db& db, const Request& request);
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Makes the server reject writes. Initially so for GET and HEAD.
  void set_read_only(bool read_only) { settings_.read_only = read_only; }
  // For a change whose rows are returned with embeds: its locks are held while they are made.
  void limit_to(std::chrono::milliseconds timeout) { settings_.timeout_ms = static_cast<int>(timeout.count()); }
  // For rows without columns, of which libpq can only make a whole result.
  void read_whole() { settings_.most_bytes = 0; }
  // One trip. Throws Error when a guard of the statement failed, else pg::Error.
  Task<pg::Rows> run(const SqlText& sql);
  // For a statement without the request's settings.
  pg::ImplicitTransaction as_role() { return db_.as(role_); }
  // The values the statement gave to response.headers and response.status. Empty for a plain read, which does not fetch
  // them.
  const pg::ResponseOverrides& overrides() const { return overrides_; }

 private:
  pg::Db& db_;
  const pg::As role_;
  pg::RequestSettings settings_;
  pg::ResponseOverrides overrides_;
  const bool rolls_back_;  // Prefer: tx=rollback
};

}  // namespace rest
