// LISTEN on a dedicated connection (DATABASE_DIRECT_URL), reconnected with back-off. After each reconnect every
// subscriber is called once with an empty payload, since notifications may have been missed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/loop.h"
#include "core/task.h"
#include "pg/pg.h"

namespace pg {

class Listener {
 public:
  Listener(core::Loop& loop, const Config& config);
  ~Listener();
  // Called on the listener's loop for each notification. Returns a handle that ends the subscription when destroyed.
  [[nodiscard]] std::shared_ptr<void> subscribe(std::string channel, std::function<void(std::string_view payload)> fn);
  core::Task<> close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace pg
