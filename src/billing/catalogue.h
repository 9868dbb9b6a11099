// Tiers, packs and their prices, from data/catalogue.json: the one place where they are stated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace billing {

struct Offer {
  std::string key;  // starter, pack_25: names the text billing.offer.<key>
  std::int64_t credits = 0;
  std::optional<std::int64_t> cents;  // nothing: not on sale yet
  bool recommended = false;
};

struct Catalogue {
  std::string currency;      // usd
  std::vector<Offer> tiers;  // credits a month
  std::vector<Offer> packs;  // credits once
};

// Throws std::logic_error when a member is missing or has the wrong type.
Catalogue parse_catalogue(std::string_view json);
// The catalogue embedded in the binary.
const Catalogue& catalogue();
// "$19", "$19.50"; empty when it is not on sale.
std::string price_text(const Offer& offer, std::string_view currency, std::string_view locale);

}  // namespace billing
