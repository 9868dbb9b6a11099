#include "mail/mail.h"
#include "mail/pages.h"

namespace mail {

using http::Access;
using http::with;

void mount(http::Router& r, Mail& m) {
  r.post("/api/resend/webhook", Access::anyone, with(m, webhook));  // the body is signed instead
}

}  // namespace mail
