#include "mail/mail.h"
#include "mail/pages.h"

namespace mail {

using http::Who;
using http::with;

void mount(http::Router& r, Mail& m) {
  r.post("/api/internal/notify", Who::internal, with(m, notify));
  r.post("/api/resend/webhook", Who::anyone, with(m, webhook));  // the body is signed instead
  r.get("/app/settings", Who::user, with(m, settings_page));
  r.post("/app/settings", Who::user, with(m, save_profile));
  r.get("/app/settings/notifications", Who::user, with(m, notifications_page));
  r.post("/app/settings/notifications", Who::user, with(m, save_notifications));
}

}  // namespace mail
