// Fills site/'s dashboard from the modules that own the data.
#pragma once

#include "pg/pg.h"
#include "site/site.h"

namespace app {

site::DashboardSource dashboard(pg::Db& db);
// What is sold, as billing's catalogue says it.
site::Catalogue plans();

}  // namespace app
