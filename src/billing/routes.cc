#include "billing/pages.h"

namespace billing {

using http::Access;
using http::with;

void mount(http::Router& r, Billing& b) {
  r.get("/app/credits", Access::user, with(b, credits_page));
  r.get("/app/credits.csv", Access::user, with(b, ledger_csv), {.deadline = std::chrono::seconds(0)});
}

}  // namespace billing
