#include "rest/request/preferences.h"

#include "core/text.h"
#include "rest/error.h"

namespace rest {
namespace {

// One `name=value`; false when it is unknown.
bool apply(Preferences& preferences, std::string_view one) {
  const auto set = [](auto& place, auto value) {
    if (place == std::remove_cvref_t<decltype(place)>{}) place = value;
    return true;
  };
  using P = Preferences;
  if (one == "return=minimal") return set(preferences.returns, P::Return::minimal);
  if (one == "return=headers-only") return set(preferences.returns, P::Return::headers_only);
  if (one == "return=representation") return set(preferences.returns, P::Return::representation);
  if (one == "count=exact") return set(preferences.count, P::Count::exact);
  if (one == "count=planned") return set(preferences.count, P::Count::planned);
  if (one == "count=estimated") return set(preferences.count, P::Count::estimated);
  if (one == "resolution=merge-duplicates") return set(preferences.resolution, P::Resolution::merge);
  if (one == "resolution=ignore-duplicates") return set(preferences.resolution, P::Resolution::ignore);
  if (one == "missing=default") return set(preferences.missing, P::Missing::by_default);
  if (one == "missing=null") return set(preferences.missing, P::Missing::null);
  if (one == "handling=strict") return set(preferences.handling, P::Handling::strict);
  if (one == "handling=lenient") return set(preferences.handling, P::Handling::lenient);
  if (one == "tx=commit") return set(preferences.transaction, P::Transaction::commit);
  if (one == "tx=rollback") return set(preferences.transaction, P::Transaction::rollback);
  if (one.starts_with("max-affected=")) {
    const auto number = core::parse_int(one.substr(13));
    if (!number || *number < 0) return false;
    if (!preferences.max_affected) preferences.max_affected = *number;
    return true;
  }
  return false;
}

}  // namespace

Preferences parse_preferences(const http::Headers& headers) {
  Preferences preferences;
  std::string unknown;
  for (const auto& [name, value] : headers.all()) {
    if (!core::iequals(name, "prefer")) continue;
    for (std::string_view one : core::split(value, ',')) {
      one = core::trim(one);
      if (one.empty() || apply(preferences, one)) continue;
      if (!unknown.empty()) unknown += ", ";
      unknown += one;
    }
  }
  if (preferences.handling == Preferences::Handling::strict && !unknown.empty())
    throw Error(400, "PGRST122", "Invalid preferences given with handling=strict",
                json_string("Invalid preferences: " + unknown));
  return preferences;
}

}  // namespace rest
