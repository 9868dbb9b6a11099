// public.user_notification_prefs: the four settings. A user without a row has the defaults.
#pragma once

#include "core/ids.h"
#include "html/html.h"
#include "mail/mail.h"

namespace mail {

struct Preferences {
  bool job_completed = true;
  bool job_failed = true;
  bool credits_low = true;
  bool marketing = false;
};
Task<Preferences> preferences_of(Mail& mail, core::UserId user);
Task<> save_preferences(Mail& mail, core::UserId user, Preferences wanted);
// True when the last email to that address bounced.
Task<bool> is_undeliverable(Mail& mail, core::UserId user, std::string address);
// Sets what views/choices.html shows.
void show(html::Data& data, const Preferences& preferences, bool undeliverable);

}  // namespace mail
