// Warnings about the account on pages of the app, loaded in parallel with the session so that no page waits for them.
#pragma once

#include "auth/auth.h"
#include "pg/pg.h"

namespace app {

auth::Beside banners(pg::Db& db);

}  // namespace app
