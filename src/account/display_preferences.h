// The profile as html keeps it in the display-preferences cookie.
#pragma once

#include <string>
#include <vector>

#include "html/display_preferences.h"
#include "identity/profiles.h"

namespace account {

// Values that are the schema's defaults count as not chosen.
html::DisplayPreferences display_preferences(const identity::Profile& profile);

// The time zones that may be chosen, in alphabetical order.
const std::vector<std::string>& time_zones();

}  // namespace account
