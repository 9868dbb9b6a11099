// The use cases behind the routes, one a file.
#pragma once

#include "billing/billing.h"
#include "http/router.h"

namespace billing {

core::Task<http::Response> credits_page(Billing& billing, http::Request& rq);  // credits.cc
core::Task<http::Response> ledger_csv(Billing& billing, http::Request& rq);    // credits_csv.cc

}  // namespace billing
