// What every page of the app says of its person's account: asked with his session, so that no page waits for it.
#pragma once

#include "auth/auth.h"
#include "pg/pg.h"

namespace app {

auth::Beside banners(pg::Db& db);

}  // namespace app
