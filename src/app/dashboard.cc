#include "app/dashboard.h"

#include "billing/billing.h"
#include "billing/catalogue.h"
#include "jobs/overview.h"
#include "projects/projects.h"

namespace app {

using core::Task;

namespace {

Task<std::int64_t> balance(pg::Db& db, core::UserId user) { co_return co_await billing::balance(db, user); }

Task<std::vector<site::RunningJob>> running(pg::Db& db, core::UserId user) {
  std::vector<site::RunningJob> out;
  for (jobs::Unfinished& job : co_await jobs::unfinished(db, user, 10))
    out.push_back({job.id, job.project, std::move(job.title), std::move(job.status), job.progress});
  co_return out;
}

Task<std::vector<site::RecentProject>> recent(pg::Db& db, core::UserId user) {
  std::vector<site::RecentProject> out;
  for (projects::ProjectSummary& project : co_await projects::recent(db, user, 8))
    out.push_back({project.id, std::move(project.title), std::move(project.status), project.updated_at});
  co_return out;
}

std::vector<site::Plan> listed(const std::vector<billing::Offer>& offers) {
  std::vector<site::Plan> out;
  for (const billing::Offer& offer : offers)
    out.push_back({offer.key, offer.credits,
                   [&offer](std::string_view locale) {
                     return billing::price_text(offer, billing::catalogue().currency, locale);
                   },
                   offer.recommended});
  return out;
}

}  // namespace

site::Catalogue plans(pg::Db& db) {
  site::Catalogue catalogue;
  catalogue.tiers = listed(billing::catalogue().tiers);
  catalogue.packs = listed(billing::catalogue().packs);
  catalogue.tier_of = [&db](const http::Request& rq) { return billing::active_tier(db, rq.caller.user); };
  return catalogue;
}

site::DashboardSource dashboard(pg::Db& db) {
  return {[&db](const http::Request& rq) { return balance(db, rq.caller.user); },
          [&db](const http::Request& rq) { return running(db, rq.caller.user); },
          [&db](const http::Request& rq) { return recent(db, rq.caller.user); },
          [&db](const http::Request& rq) { return projects::any_ready(db, rq.caller.user); },
          [&db](const http::Request& rq) { return jobs::spent_by_day(db, rq.caller.user, 30); },
          [&db](const http::Request& rq) { return billing::active_tier(db, rq.caller.user); }};
}

site::Showcase showcase(const jobs::Product& product) {
  site::Showcase out{.worth = product.worth, .landing = product.landing};
  for (const std::int64_t files : product.examples) {
    const std::vector<jobs::Input> inputs(static_cast<std::size_t>(files));
    const jobs::Quote quote = product.pipelines.front().quote(inputs);
    out.examples.push_back({files, quote.seconds, quote.credits});
  }
  return out;
}

}  // namespace app
