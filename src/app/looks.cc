#include "app/looks.h"

#include "html/look.h"
#include "mail/profile.h"

namespace app {

core::Task<std::optional<http::Response>> Looks::admit(http::Request& rq, http::Who who) {
  std::optional<http::Response> refusal = co_await guard_.admit(rq, who);
  if (!refusal && html::lacks_look(rq)) {
    const mail::Profile profile = co_await mail::profile_of(db_, rq.caller.user);
    rq.set_cookies.push_back(html::look_cookie(rq, mail::look_of(profile)));
  }
  co_return refusal;
}

}  // namespace app
