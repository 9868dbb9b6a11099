#include <memory>
#include <utility>

#include "core/resources.h"
#include "html/format.h"
#include "html/html.h"
#include "http/static_files.h"
#include "site/site.h"

namespace site {
namespace {

using core::Task;

html::Rows rows(const std::vector<Plan>& plans, const Catalogue& catalogue, const std::string& locale,
                const std::string& current) {
  html::Rows out;
  for (const Plan& plan : plans) {
    const std::string key = "site.plan." + plan.key;
    out.push_back(html::Data{}
                      .set("name", html::text(locale, key + ".name"))
                      .set("credits", html::number(plan.credits, locale))
                      .set("minutes", html::number(plan.credits * catalogue.seconds_per_credit / 60, locale))
                      .set("price", plan.price ? plan.price(locale) : "")
                      .set("current", plan.key == current)
                      .set("recommended", plan.recommended && current.empty()));
  }
  return out;
}

// `current`: the key of the plan that the caller has, or empty.
html::Data priced(const http::Request& rq, const Catalogue& catalogue, const std::string& current = "") {
  const std::string locale = html::locale_of(rq);
  return html::Data{}
      .set("tiers", rows(catalogue.tiers, catalogue, locale, current))
      .set("packs", rows(catalogue.packs, catalogue, locale, ""))
      .set("choose_url", rq.caller.signed_in() ? "/app/credits" : "/signup")
      .set("seconds", std::to_string(catalogue.seconds_per_credit))
      .set("wide", true);
}

html::Rows questions(const Catalogue& catalogue, const std::string& locale, const std::string& page, int count) {
  html::Rows out;
  for (int n = 1; n <= count; ++n) {
    const std::string key = "site." + page + ".faq" + std::to_string(n);
    const std::string seconds = std::to_string(catalogue.seconds_per_credit);
    out.push_back(html::Data{}
                      .set("question", html::text(locale, key + ".q"))
                      .set("answer", html::text(locale, key + ".a", {{"seconds", seconds}})));
  }
  return out;
}

// What a film of so many photographs costs, three seconds each, rounded up.
html::Rows examples(const Catalogue& catalogue, const std::string& locale) {
  html::Rows out;
  for (const std::int64_t photos : {3, 20, 60}) {
    const std::int64_t seconds = photos * catalogue.seconds_per_photograph;
    const std::int64_t cost = (seconds + catalogue.seconds_per_credit - 1) / catalogue.seconds_per_credit;
    out.push_back(html::Data{}
                      .set("what", html::text(locale, "site.pricing.photos", {{"photos", std::to_string(photos)}}))
                      .set("length", html::duration(seconds))
                      .set("cost", html::number(cost)));
  }
  return out;
}

Task<http::Response> landing(const Catalogue& catalogue, http::Request& rq) {
  html::Data data = priced(rq, catalogue);
  data.set("title", "site.landing.title").set("description", "site.landing.description");
  data.set("film_url", http::static_url("site/film.webp"));
  data.set("video_url", http::static_url("site/sample.mp4"));
  data.set("first_url", http::static_url("site/nagasaki-boats.webp"));
  data.set("second_url", http::static_url("site/french-alpine-landscape.webp"));
  data.set("third_url", http::static_url("site/march-pastoral.webp"));
  if (core::find_resource("public/site/screenshot.webp") != nullptr)
    data.set("screenshot_url", http::static_url("site/screenshot.webp"));
  data.set("faq", questions(catalogue, html::locale_of(rq), "landing", 5));
  co_return html::page(rq, "site/landing", std::move(data));
}

Task<http::Response> pricing(const Catalogue& catalogue, http::Request& rq) {
  std::string tier;
  if (rq.caller.signed_in() && catalogue.tier_of) tier = co_await catalogue.tier_of(rq);
  html::Data data = priced(rq, catalogue, tier);
  data.set("title", "site.pricing.title").set("description", "site.pricing.description");
  data.set("faq", questions(catalogue, html::locale_of(rq), "pricing", 4));
  data.set("examples", examples(catalogue, html::locale_of(rq)));
  co_return html::page(rq, "site/pricing", std::move(data));
}

Task<http::Response> terms(http::Request& rq) {
  co_return html::page(rq, "site/terms", html::Data{}.set("title", "site.terms.title"));
}

Task<http::Response> privacy(http::Request& rq) {
  co_return html::page(rq, "site/privacy", html::Data{}.set("title", "site.privacy.title"));
}

Task<http::Response> robots(http::Request&) {
  co_return http::text("User-agent: *\nDisallow: /app\nDisallow: /api/\nDisallow: /auth/\n");
}

Task<http::Response> favicon(http::Request&) { co_return http::redirect(http::static_url("favicon.svg"), 302); }

}  // namespace

void mount(http::Router& router, Catalogue catalogue) {
  const auto plans = std::make_shared<const Catalogue>(std::move(catalogue));
  router.get("/", http::Access::visitor, [plans](http::Request& rq) { return landing(*plans, rq); });
  router.get("/pricing", http::Access::visitor, [plans](http::Request& rq) { return pricing(*plans, rq); });
  router.get("/terms", http::Access::visitor, terms);
  router.get("/privacy", http::Access::visitor, privacy);
  router.get("/robots.txt", http::Access::anyone, robots);
  router.get("/favicon.ico", http::Access::anyone, favicon);
}

}  // namespace site
