// The catalogue is one file; a tier without a price is listed but not on sale.
#include <doctest/doctest.h>

#include <stdexcept>

#include "billing/catalogue.h"

TEST_CASE("the binary's catalogue has three plans and three packs with the promised credits") {
  const billing::Catalogue& all = billing::catalogue();
  REQUIRE(all.tiers.size() == 3);
  REQUIRE(all.packs.size() == 3);
  CHECK(all.tiers[0].credits == 60);
  CHECK(all.tiers[1].credits == 200);
  CHECK(all.tiers[2].credits == 500);
  CHECK(all.packs[0].credits == 25);
  CHECK(all.packs[1].credits == 80);
  CHECK(all.packs[2].credits == 250);
}

TEST_CASE("a price is formatted for people, and a missing one is empty") {
  billing::Offer offer{"pro", 200, 2900};
  CHECK(billing::price_text(offer, "usd", "en") == "$29");
  offer.cents = 1950;
  CHECK(billing::price_text(offer, "eur", "en") == "€19.50");
  offer.cents = 123405;
  CHECK(billing::price_text(offer, "chf", "en") == "CHF 1,234.05");
  offer.cents.reset();
  CHECK(billing::price_text(offer, "usd", "en").empty());
}

TEST_CASE("a faulty catalogue is refused") {
  const auto with = [](const char* entry) {
    return std::string{R"({"currency":"usd","packs":[],"tiers":[)"} + entry + "]}";
  };
  CHECK_NOTHROW(billing::parse_catalogue(with(R"({"key":"a","credits":1,"price_cents":null})")));
  CHECK_THROWS_AS(billing::parse_catalogue("[]"), std::logic_error);
  CHECK_THROWS_AS(billing::parse_catalogue(R"({"currency":"usd","tiers":[]})"), std::logic_error);
  CHECK_THROWS_AS(billing::parse_catalogue(with(R"({"credits":1})")), std::logic_error);
  CHECK_THROWS_AS(billing::parse_catalogue(with(R"({"key":"a","credits":0})")), std::logic_error);
  CHECK_THROWS_AS(billing::parse_catalogue(with(R"({"key":"a","credits":5,"price_cents":0})")), std::logic_error);
}
