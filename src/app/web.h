// `tenon web`: pages, /api and the Supabase APIs. One event loop per core; each has its own connections and modules,
// and they share only the thread pools.
#pragma once

#include "app/settings.h"
#include "http/router.h"

namespace app {

// Runs until SIGTERM or SIGINT, then drains (15 s) and returns 0. `with_worker`: a worker runs in this process too.
int web(const Settings& settings, bool with_worker);

// The whole route table, for `tenon routes` and its check. Nothing is connected; the handlers must not be called.
std::vector<http::Router::Route> route_table(const Settings& settings);

}  // namespace app
