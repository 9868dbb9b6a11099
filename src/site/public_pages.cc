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

struct Pages {
  Catalogue catalogue;
  Showcase showcase;
};

// The parameters of pipeline.worth, as members that fill its sentence.
void add_worth(const Showcase& showcase, std::int64_t credits, const std::string& locale, html::Data& data) {
  if (!showcase.worth) return;
  for (const auto& [name, value] : showcase.worth(credits)) {
    const auto* number = std::get_if<std::int64_t>(&value);
    data.set(name, number ? html::number(*number, locale) : std::get<std::string>(value));
  }
}

html::Rows rows(const std::vector<Plan>& plans, const Showcase& showcase, const std::string& locale,
                const std::string& current) {
  html::Rows out;
  for (const Plan& plan : plans) {
    out.push_back(html::Data{}
                      .set("name", html::text(locale, "site.plan." + plan.key + ".name"))
                      .set("credits", html::number(plan.credits, locale))
                      .set("price", plan.price ? plan.price(locale) : "")
                      .set("current", plan.key == current)
                      .set("recommended", plan.recommended && current.empty()));
    add_worth(showcase, plan.credits, locale, out.back());
  }
  return out;
}

// `current`: the key of the caller's plan, or empty.
html::Data priced(const http::Request& rq, const Pages& pages, const std::string& current = "") {
  const std::string locale = html::locale_of(rq);
  html::Data data;
  data.set("tiers", rows(pages.catalogue.tiers, pages.showcase, locale, current));
  data.set("packs", rows(pages.catalogue.packs, pages.showcase, locale, ""));
  data.set("choose_url", rq.caller.signed_in() ? "/app/credits" : "/signup").set("wide", true);
  add_worth(pages.showcase, 1, locale, data);
  return data;
}

html::Rows examples(const Showcase& showcase, const std::string& locale) {
  html::Rows out;
  for (const Showcase::Example& example : showcase.examples)
    out.push_back(
        html::Data{}
            .set("files", html::pluralize(locale, "pipeline.example", example.files))
            .set("length", example.seconds > 0 ? html::duration(static_cast<std::int64_t>(example.seconds + 0.5)) : "")
            .set("cost", html::number(example.credits, locale)));
  return out;
}

Task<http::Response> landing(const Pages& pages, http::Request& rq) {
  html::Data data = priced(rq, pages);
  data.set("title", "pipeline.landing.title").set("description", "pipeline.landing.description");
  for (const auto& [name, file] : pages.showcase.landing)
    if (core::find_resource("public/" + file) != nullptr) data.set(name, http::static_url(file));
  co_return html::page(rq, "pipeline/landing", std::move(data));
}

Task<http::Response> pricing(const Pages& pages, http::Request& rq) {
  std::string tier;
  if (rq.caller.signed_in() && pages.catalogue.tier_of) tier = co_await pages.catalogue.tier_of(rq);
  html::Data data = priced(rq, pages, tier);
  data.set("title", "site.pricing.title").set("description", "site.pricing.description");
  const std::vector<Showcase::Example>& all = pages.showcase.examples;
  data.set("any_examples", !all.empty()).set("lengths", !all.empty() && all.front().seconds > 0);
  data.set("examples", examples(pages.showcase, html::locale_of(rq)));
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

void mount(http::Router& router, Catalogue catalogue, Showcase showcase) {
  const auto pages = std::make_shared<const Pages>(Pages{std::move(catalogue), std::move(showcase)});
  router.get("/", http::Access::visitor, [pages](http::Request& rq) { return landing(*pages, rq); });
  router.get("/pricing", http::Access::visitor, [pages](http::Request& rq) { return pricing(*pages, rq); });
  router.get("/terms", http::Access::visitor, terms);
  router.get("/privacy", http::Access::visitor, privacy);
  router.get("/robots.txt", http::Access::anyone, robots);
  router.get("/favicon.ico", http::Access::anyone, favicon);
}

}  // namespace site
