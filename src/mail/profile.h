// What a person has set about himself in public.profiles: his name, and how pages look to him.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/task.h"
#include "html/display_preferences.h"
#include "pg/pg.h"

namespace mail {

struct Profile {  // in select order
  std::string display_name;
  std::string locale;     // empty: as the browser asks
  std::string time_zone;  // UTC: as the device says
  std::string theme;      // system, light, dark
};

core::Task<Profile> profile_of(pg::Db& db, core::UserId user);
// `asked`: what the browser speaks, for the mails of someone who has chosen no language.
core::Task<> save_profile(pg::Db& db, core::UserId user, const Profile& profile, std::string_view asked);

// The profile as the look cookie keeps it. The schema's own defaults count as not chosen.
html::DisplayPreferences display_preferences(const Profile& profile);

// The names that may be chosen, in alphabetical order.
const std::vector<std::string>& time_zones();

}  // namespace mail
