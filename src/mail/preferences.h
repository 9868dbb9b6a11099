// public.user_notification_prefs: the four settings. A user without a row has the defaults.
#pragma once

#include <string>

#include "core/ids.h"
#include "core/task.h"
#include "pg/pg.h"

namespace mail {

using core::Task;

struct Preferences {
  bool job_completed = true;
  bool job_failed = true;
  bool credits_low = true;
  bool marketing = false;
};
Task<Preferences> preferences_of(pg::Db& db, core::UserId user);
Task<> save_preferences(pg::Db& db, core::UserId user, Preferences wanted);
// True when the last email to that address bounced.
Task<bool> is_undeliverable(pg::Db& db, core::UserId user, std::string address);

}  // namespace mail
