// Other people's servers, simulated: Resend with an inbox to look into. Never built in production. One object for the
// whole process, shared by its loops (its stores lock). Answers loopback clients only, 404 to all others.
#pragma once

#include <memory>
#include <string>

#include "core/env.h"
#include "http/router.h"

namespace sim {

class Inbox;

struct Config {
  std::string dir;  // SIM_DIR: where captured mails outlive a restart; empty: memory only
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

// /dev/resend (RESEND_API_BASE={TENON_URL}/dev/resend) and /dev/mail.
void mount(http::Router& router, Sim& sim);

}  // namespace sim
