// Fills site/'s dashboard from the modules that own the data.
#pragma once

#include "jobs/product.h"
#include "pg/pg.h"
#include "site/site.h"

namespace app {

site::DashboardSource dashboard(pg::Db& db);
// The plans of billing's catalogue, and the caller's own.
site::Catalogue plans(pg::Db& db);
site::Showcase showcase(const jobs::Product& product);

}  // namespace app
