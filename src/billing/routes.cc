#include "billing/pages.h"

namespace billing {

using http::Who;
using http::with;

void mount(http::Router& r, Billing& b) {
  r.get("/app/credits", Who::user, with(b, credits_page));
  r.get("/app/credits.csv", Who::user, with(b, ledger_csv), {.deadline = std::chrono::seconds(0)});
}

}  // namespace billing
