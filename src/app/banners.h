// Warnings about the account on pages of the app, loaded in parallel with the session so that no page waits for them.
#pragma once

#include "access/guard.h"
#include "pg/pg.h"

namespace app {

access_control::SessionExtras banners(pg::Db& db);

}  // namespace app
