// public.profiles: a user's display name, language, time zone and theme. Billing's columns of the table are changed by
// SQL functions of billing.
#pragma once

#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/task.h"
#include "pg/pg.h"

namespace identity {

using core::Task;

struct Profile {  // in select order
  std::string display_name;
  std::string locale;     // empty: the browser's
  std::string time_zone;  // UTC: the device's
  std::string theme;      // system, light, dark
};

Task<Profile> profile_of(pg::Db& db, core::UserId user);
// `browser_locale` is the language of emails to a user who has chosen none.
Task<> save_profile(pg::Db& db, core::UserId user, const Profile& profile, std::string_view browser_locale);
// Sets the language of a new user's emails to that of the page on which they signed up.
Task<> set_email_locale(pg::Tx& tx, core::UserId user, std::string_view locale);

}  // namespace identity
