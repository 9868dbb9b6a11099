// Which plan is still somebody's plan: every status that the schema knows.
#include <doctest/doctest.h>

#include "billing/billing.h"

namespace {

bool lives(const char* status) {
  const billing::Plan plan{"pro", status};
  return plan.lives();
}

}  // namespace

TEST_CASE("a plan lives while it brings credits, or would when it is paid or its pause is over") {
  for (const char* status : {"trialing", "active", "past_due", "unpaid", "paused"})
    CHECK_MESSAGE(lives(status), status);
  for (const char* status : {"none", "incomplete", "incomplete_expired", "canceled", "", "Active"})
    CHECK_FALSE_MESSAGE(lives(status), status);
}
