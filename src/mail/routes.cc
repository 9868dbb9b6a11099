#include "mail/mail.h"
#include "mail/pages.h"

namespace mail {

using http::Access;
using http::with;

void mount(http::Router& r, Mail& m) {
  r.post("/api/resend/webhook", Access::anyone, with(m, webhook));  // the body is signed instead
  r.get("/app/settings", Access::user, with(m, settings_page));
  r.post("/app/settings", Access::user, with(m, save_profile));
  r.get("/app/settings/notifications", Access::user, with(m, notifications_page));
  r.post("/app/settings/notifications", Access::user, with(m, save_notifications));
}

}  // namespace mail
