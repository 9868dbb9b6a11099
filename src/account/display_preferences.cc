#include "account/display_preferences.h"

#include "core/resources.h"
#include "core/text.h"

namespace account {

html::DisplayPreferences display_preferences(const identity::Profile& profile) {
  html::DisplayPreferences chosen;
  if (profile.theme != "system") chosen.theme = profile.theme;
  chosen.locale = profile.locale;
  if (profile.time_zone != "UTC") chosen.time_zone = profile.time_zone;
  return chosen;
}

const std::vector<std::string>& time_zones() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    const core::Resource* file = core::find_resource("src/account/data/time_zones.txt");
    if (file == nullptr) return out;
    for (const std::string_view line : core::split(file->bytes, '\n'))
      if (!line.empty()) out.emplace_back(line);
    return out;
  }();
  return names;
}

}  // namespace account
