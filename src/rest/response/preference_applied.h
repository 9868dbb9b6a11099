// The Preference-Applied header.
#pragma once

#include "http/response.h"
#include "rest/request/preferences.h"

namespace rest {

// The preferences that an endpoint honours, besides count and handling.
struct AppliedPreferences {
  bool returns = false, resolution = false, missing = false, max_affected = false, transaction = false;
};
void set_preference_applied(http::Response& response, const Preferences& preferences,
                            const AppliedPreferences& applied);

}  // namespace rest
