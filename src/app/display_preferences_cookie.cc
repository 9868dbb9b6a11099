#include "app/display_preferences_cookie.h"

#include "account/display_preferences.h"
#include "core/log.h"
#include "html/display_preferences.h"

namespace app {

core::Task<std::optional<http::Response>> DisplayPreferencesCookie::admit(http::Request& rq, http::Access access) {
  std::optional<http::Response> refusal = co_await guard_.admit(rq, access);
  // A POST may be what changes the preferences, and a sign-out must not wait for them.
  if (refusal || !http::is_get_or_head(rq.method) || !html::lacks_display_preferences(rq)) co_return refusal;
  try {
    const identity::Profile profile = co_await identity::profile_of(db_, rq.caller.user);
    rq.set_cookies.push_back(html::display_preferences_cookie(rq, account::display_preferences(profile)));
  } catch (const std::exception& e) {  // a page with the browser's own preferences is better than none
    core::log::warn("app.display_preferences.not_read", {{"what", e.what()}});
  }
  co_return refusal;
}

}  // namespace app
