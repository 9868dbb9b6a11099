// Routes that show each thing a handler can do.
#pragma once

#include <atomic>

#include "http/router.h"

namespace live {

struct Seen {  // by handlers, read by tests
  std::atomic<int> calls{0};
  std::atomic<int> stops{0};
  std::atomic<int> running{0};
  std::atomic<std::uint64_t> bytes{0};
};
void mount_all(http::Router& router, Seen& seen, const std::string& file = "");

}  // namespace live
