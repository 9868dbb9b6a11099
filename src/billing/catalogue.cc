#include "billing/catalogue.h"

#include <fmt/format.h>

#include <stdexcept>

#include "core/json.h"
#include "core/resources.h"
#include "core/text.h"
#include "html/format.h"

namespace billing {
namespace {

std::vector<Offer> parse_offers(const core::Json& list, std::string_view name) {
  if (!list.is_array()) throw std::logic_error("catalogue: " + std::string{name} + " is not an array");
  std::vector<Offer> out;
  for (const core::Json& entry : list.elements()) {
    Offer offer;
    offer.key = entry["key"].string_or("");
    offer.credits = entry["credits"].integer().value_or(0);
    offer.cents = entry["price_cents"].integer();
    offer.recommended = entry["recommended"].boolean().value_or(false);
    if (offer.key.empty() || offer.credits <= 0 || offer.cents.value_or(1) <= 0)
      throw std::logic_error("catalogue: an entry of " + std::string{name} + " lacks key, credits or a price above 0");
    out.push_back(std::move(offer));
  }
  return out;
}

}  // namespace

Catalogue parse_catalogue(std::string_view json) {
  const auto document = core::Json::parse(json);
  if (!document || !document->is_object()) throw std::logic_error("catalogue: not a JSON object");
  Catalogue out;
  out.currency = (*document)["currency"].string_or("");
  if (out.currency.empty()) throw std::logic_error("catalogue: no currency");
  out.tiers = parse_offers((*document)["tiers"], "tiers");
  out.packs = parse_offers((*document)["packs"], "packs");
  return out;
}

const Catalogue& catalogue() {
  static const Catalogue one = [] {
    const core::Resource* file = core::find_resource("src/billing/data/catalogue.json");
    if (file == nullptr) throw std::logic_error("catalogue: not embedded");
    return parse_catalogue(file->bytes);
  }();
  return one;
}

std::string price_text(const Offer& offer, std::string_view currency, std::string_view locale) {
  if (!offer.cents) return {};
  std::string amount = html::number(*offer.cents / 100, locale);
  if (*offer.cents % 100 != 0)
    amount += html::text(locale, "html.format.decimal") + fmt::format("{:02}", *offer.cents % 100);
  const std::string sign = currency == "usd" ? "$" : currency == "eur" ? "€" : currency == "gbp" ? "£" : "";
  std::string code{currency};
  for (char& c : code)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return html::text(locale, "billing.price", {{"sign", sign.empty() ? code + " " : sign}, {"amount", amount}});
}

}  // namespace billing
