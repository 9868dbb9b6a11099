// A browser whose first factor was right and whose second is due: the guard knows the user, and lets him do nothing but
// show it.
#pragma once

#include "http/request.h"

namespace auth {

inline bool is_half_signed_in(const http::Request& rq) {
  return !rq.caller.signed_in() && !rq.caller.user.uuid().is_nil();
}

}  // namespace auth
