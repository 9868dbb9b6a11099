// /pricing as a signed-in person sees it.
#include <doctest/doctest.h>

#include <string>

#include "core/loop.h"
#include "site/site.h"

namespace {

enum class Visitor { stranger, member };

struct Shop {
  core::Loop loop;
  http::Router router;
  std::string tier;
  int asked = 0;

  Shop() {
    site::Catalogue catalogue;
    for (site::Plan& tier : catalogue.tiers) tier.price = [](std::string_view) { return "$29"; };
    catalogue.tier_of = [this](const http::Request&) -> core::Task<std::string> {
      ++asked;
      co_return tier;
    };
    site::mount(router, catalogue);
  }

  std::string get(Visitor visitor, const std::string& path = "/pricing") {
    http::Request rq;
    rq.path = path;
    if (visitor == Visitor::member) rq.caller.kind = http::Caller::Kind::user;
    const auto match = router.find(http::Method::get, path);
    const http::Response response = loop.run_until(match.route->handler(rq));
    CHECK(response.status == 200);
    return std::get<std::string>(response.body);
  }
};

int count(const std::string& text, std::string_view part) {
  int n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

const char* const kSignUp = "href=\"/signup\">Choose ";
const char* const kCredits = "href=\"/app/credits\">Choose ";
const char* const kMark = "<span class=\"badge ok\">Your plan</span>";

}  // namespace

TEST_CASE("to a stranger a plan leads to the sign-up, and nobody is asked for a plan") {
  Shop shop;
  shop.tier = "pro";
  const std::string page = shop.get(Visitor::stranger);
  CHECK(count(page, kSignUp) == 3);
  CHECK(count(page, kMark) == 0);
  CHECK(shop.asked == 0);
}

TEST_CASE("who is signed in chooses on the credits page") {
  Shop shop;
  for (const char* path : {"/pricing", "/"}) {
    const std::string page = shop.get(Visitor::member, path);
    CHECK_MESSAGE(count(page, kCredits) == 3, path);
    CHECK_MESSAGE(count(page, kSignUp) == 0, path);
  }
  CHECK(count(shop.get(Visitor::member), kMark) == 0);
}

TEST_CASE("the plan that one has is marked instead of offered, and takes the recommendation's place") {
  Shop shop;
  shop.tier = "starter";
  const std::string page = shop.get(Visitor::member);
  CHECK(count(page, kMark) == 1);
  CHECK(count(page, kCredits) == 2);
  CHECK(count(page, "href=\"/app/credits\">See your plan</a>") == 1);
  CHECK(page.find(kMark) < page.find(">Pro<"));
  CHECK(count(page, "Recommended") == 0);
}
