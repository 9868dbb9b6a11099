// Third-party servers, simulated: Resend, with an inbox. Always compiled in; production never mounts it. One object for
// the process, shared by its loops (it locks). Answers loopback clients only, 404 to all others.
#pragma once

#include <memory>
#include <string>

#include "core/env.h"
#include "http/router.h"

namespace sim {

class Inbox;

struct Config {
  std::string dir;  // SIM_DIR: captured emails survive a restart there; empty: memory only
  static Config from(core::Env& env);
};

class Sim {
 public:
  explicit Sim(Config config);
  ~Sim();
  Inbox& inbox() { return *inbox_; }

 private:
  std::unique_ptr<Inbox> inbox_;
};

// /dev/resend (RESEND_API_BASE={TENON_URL}/dev/resend), /dev/mail and /dev/ui.
void mount(http::Router& router, Sim& sim);

}  // namespace sim
