// The public pages (/, /pricing, /terms, /privacy) and the dashboard at /app. Data of other modules comes through
// DashboardSource, which app/ fills, so this module knows none of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/ids.h"
#include "http/router.h"

namespace site {

struct Plan {
  std::string key;  // starter, pack_25: names the texts site.plan.<key>.*
  std::int64_t credits = 0;
  std::function<std::string(std::string_view locale)> price;  // as people read it, "$19"; none: not on sale yet
  bool recommended = false;
};

struct Catalogue {
  std::vector<Plan> tiers{{"starter", 60, {}}, {"pro", 200, {}, true}, {"enterprise", 500, {}}};  // credits a month
  std::vector<Plan> packs{{"pack_25", 25, {}}, {"pack_80", 80, {}}, {"pack_250", 250, {}}};
  std::int64_t seconds_per_credit = 10;  // of rendered video: the price that pipeline/ states
  std::int64_t seconds_per_photograph = 3;
  // The tier that a signed-in caller has, or empty. No function: nobody has one.
  std::function<core::Task<std::string>(const http::Request&)> tier_of;
};

struct RunningJob {
  core::JobId id;
  core::ProjectId project;
  std::string title;   // of the project
  std::string status;  // QUEUED or PROCESSING
  int progress = 0;
};

struct RecentProject {
  core::ProjectId id;
  std::string title;
  std::string status;  // draft, processing, ready, failed
  core::Time updated;
};

// Each is asked once a page, as the caller of the request. `running`: newest first, at most 10; `recent`: at most 8;
// `any_ready`: whether a project of any age is ready, asked only when none of the recent is; `spent`: credits a day,
// today (UTC, as `now` has it) last; `tier`: of the plan he has, or empty.
struct DashboardSource {
  std::function<core::Task<std::int64_t>(const http::Request&)> balance;
  std::function<core::Task<std::vector<RunningJob>>(const http::Request&)> running;
  std::function<core::Task<std::vector<RecentProject>>(const http::Request&)> recent;
  std::function<core::Task<bool>(const http::Request&)> any_ready;
  std::function<core::Task<std::vector<std::int64_t>>(const http::Request&)> spent;
  std::function<core::Task<std::string>(const http::Request&)> tier;
  std::function<core::Time()> now = [] { return core::SystemClock{}.now(); };
};

void mount(http::Router& router, Catalogue catalogue = {});
void mount(http::Router& router, DashboardSource source);

}  // namespace site
