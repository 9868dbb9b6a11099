// First factor only: the user is known but not signed in until /login/code verifies the second.
#pragma once

#include "http/request.h"

namespace access_control {

inline bool is_mfa_pending(const http::Request& rq) {
  return !rq.caller.signed_in() && !rq.caller.user.uuid().is_nil();
}

}  // namespace access_control
