// Fills site/'s dashboard from the modules that own the data.
#pragma once

#include "pg/pg.h"
#include "site/site.h"

namespace app {

site::DashboardSource dashboard(pg::Db& db);
// What is sold, as billing's catalogue says it, and the plan that the caller has.
site::Catalogue plans(pg::Db& db);

}  // namespace app
