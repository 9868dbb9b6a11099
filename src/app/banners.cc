#include "app/banners.h"

#include "billing/billing.h"

namespace app {

namespace {

core::Task<> fill(pg::Db& db, http::Request& rq, core::UserId user) {
  const bool page = rq.route == "/app" || rq.route.starts_with("/app/");
  if (page && rq.wants_html()) html::set_banners(rq, co_await billing::banners(db, user));
}

}  // namespace

access_control::SessionExtras banners(pg::Db& db) {
  return [&db](http::Request& rq, core::UserId user) { return fill(db, rq, user); };
}

}  // namespace app
