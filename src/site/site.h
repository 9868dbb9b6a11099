// The public pages (/, /pricing, /terms, /privacy) and the dashboard at /app. app/ fills in what comes from other
// modules: Catalogue, Showcase and DashboardSource.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/ids.h"
#include "core/problem.h"
#include "http/router.h"

namespace site {

struct Plan {
  std::string key;  // starter, pack_25: names the texts site.plan.<key>.*
  std::int64_t credits = 0;
  std::function<std::string(std::string_view locale)> price;  // "$19"; without it: not on sale yet
  bool recommended = false;
};

struct Catalogue {
  std::vector<Plan> tiers{{"starter", 60, {}}, {"pro", 200, {}, true}, {"enterprise", 500, {}}};  // credits a month
  std::vector<Plan> packs{{"pack_25", 25, {}}, {"pack_80", 80, {}}, {"pack_250", 250, {}}};
  // The key of the caller's tier, or empty. Without this function nobody has one.
  std::function<core::Task<std::string>(const http::Request&)> tier_of;
};

// The pipeline as the public pages show it; its words are the texts pipeline.landing.*, pipeline.pricing.* and
// pipeline.worth.
struct Showcase {
  struct Example {
    std::int64_t files = 0;
    double seconds = 0;  // of the result; 0: results have no length
    std::int64_t credits = 0;
  };
  std::vector<Example> examples;
  std::function<core::Params(std::int64_t credits)> worth;  // what so many credits buy, for pipeline.worth
  std::map<std::string, std::string> landing;               // URLs in pipeline/views/landing.html: files below public/
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

// Each function is called at most once per page, for the caller of the request.
struct DashboardSource {
  std::function<core::Task<std::int64_t>(const http::Request&)> balance;
  std::function<core::Task<std::vector<RunningJob>>(const http::Request&)> running;    // newest first, at most 10
  std::function<core::Task<std::vector<RecentProject>>(const http::Request&)> recent;  // at most 8
  std::function<core::Task<bool>(const http::Request&)> any_ready;                     // a project of any age
  std::function<core::Task<std::vector<std::int64_t>>(const http::Request&)> spent;    // credits per day, today last
  std::function<core::Task<std::string>(const http::Request&)> tier;                   // its key, or empty
  std::function<core::Time()> now = [] { return core::SystemClock{}.now(); };
};

void mount(http::Router& router, Catalogue catalogue = {}, Showcase showcase = {});
void mount(http::Router& router, DashboardSource source);

}  // namespace site
