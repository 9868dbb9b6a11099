// A private, blocking connection for migrations and tools. Call it from main or through BlockingPool.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/pg.h"

namespace pg {

class Session {
 public:
  // Throws Unavailable. `timeout_ms` bounds the connection attempt.
  explicit Session(const core::Secret& url, int timeout_ms = 5000);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Simple protocol: several statements, one implicit transaction unless the text says otherwise.
  void script(std::string_view sql);
  // One statement with text parameters; rows of nullable text.
  Result query(std::string_view sql, const std::vector<std::string>& params = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pg
