#include "sim/sim.h"

#include "sim/component_gallery.h"
#include "sim/inbox.h"
#include "sim/inbox_pages.h"
#include "sim/loopback.h"
#include "sim/resend.h"

namespace sim {
namespace {

using http::Access;

constexpr http::Limits kLarge{.body = 40 << 20};

// Local clients only; 404 for all others, as if the route did not exist.
template <class Fn>
http::Handler local(Inbox& inbox, Fn fn) {
  return [&inbox, fn](http::Request& rq) -> core::Task<http::Response> {
    if (!is_local(rq)) http::throw_not_found();
    co_return fn(inbox, rq);
  };
}

http::Handler local(http::Response (*fn)(const http::Request&)) {
  return [fn](http::Request& rq) -> core::Task<http::Response> {
    if (!is_local(rq)) http::throw_not_found();
    co_return fn(rq);
  };
}

}  // namespace

Config Config::from(core::Env& env) { return {env.text("SIM_DIR")}; }

Sim::Sim(Config config) : inbox_(std::make_unique<Inbox>(std::move(config.dir))) {}
Sim::~Sim() = default;

void mount(http::Router& r, Sim& sim) {
  Inbox& inbox = sim.inbox();
  r.post("/dev/resend/emails", Access::anyone, local(inbox, send_one), kLarge);
  r.post("/dev/resend/emails/batch", Access::anyone, local(inbox, send_batch), kLarge);
  r.get("/dev/resend/emails/{id}", Access::anyone, local(inbox, show));
  r.post("/dev/resend/fail", Access::anyone, local(inbox, set_fault));
  r.get("/dev/mail", Access::anyone, local(inbox, list));
  r.post("/dev/mail", Access::anyone, local(inbox, clear));
  r.del("/dev/mail", Access::anyone, local(inbox, clear));
  r.get("/dev/mail/{id}", Access::anyone, local(inbox, one));
  r.get("/dev/mail/{id}/html", Access::anyone, local(inbox, html_part));
  r.get("/dev/ui", Access::visitor, local(component_gallery));
  r.get("/dev/ui/errors/{status}", Access::visitor, local(error_sample));
}

}  // namespace sim
