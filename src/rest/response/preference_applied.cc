#include "rest/response/preference_applied.h"

#include <fmt/format.h>

namespace rest {

void set_preference_applied(http::Response& response, const Preferences& preferences,
                            const AppliedPreferences& applied) {
  std::string text;
  const auto add = [&](std::string_view one) {
    if (!text.empty()) text += ", ";
    text += one;
  };
  using P = Preferences;
  if (applied.resolution && preferences.resolution != P::Resolution::none)
    add(preferences.resolution == P::Resolution::merge ? "resolution=merge-duplicates"
                                                       : "resolution=ignore-duplicates");
  if (applied.missing && preferences.missing != P::Missing::unset)
    add(preferences.missing == P::Missing::by_default ? "missing=default" : "missing=null");
  if (applied.returns && preferences.returns != P::Return::unset)
    add(preferences.returns == P::Return::minimal        ? "return=minimal"
        : preferences.returns == P::Return::headers_only ? "return=headers-only"
                                                         : "return=representation");
  if (preferences.count != P::Count::none)
    add(preferences.count == P::Count::exact     ? "count=exact"
        : preferences.count == P::Count::planned ? "count=planned"
                                                 : "count=estimated");
  if (applied.transaction && preferences.transaction != P::Transaction::unset)
    add(preferences.transaction == P::Transaction::commit ? "tx=commit" : "tx=rollback");
  if (preferences.handling != P::Handling::unset)
    add(preferences.handling == P::Handling::strict ? "handling=strict" : "handling=lenient");
  if (applied.max_affected && preferences.max_affected && preferences.handling == P::Handling::strict)
    add(fmt::format("max-affected={}", *preferences.max_affected));
  if (!text.empty()) response.headers.set("Preference-Applied", std::move(text));
}

}  // namespace rest
