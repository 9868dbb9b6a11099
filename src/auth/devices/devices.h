// Where somebody is signed in, and the devices that he signed in from before.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/sessions/sessions.h"

namespace auth {

struct Device {
  core::SessionId session;
  std::string agent;
  std::string ip;
  core::Time began;
  core::Time seen;
  bool second_factor = false;
};
// His living sessions, the last seen first; the newest hundred.
Task<std::vector<Device>> devices_of(Auth& auth, core::UserId user);
// False when it is not his, or has ended.
Task<bool> end_device(Auth& auth, core::UserId user, core::SessionId session, Origin from);

// "Chrome" and "Windows" out of a User-Agent; empty what it does not tell.
struct DeviceName {
  std::string browser;
  std::string system;
};
DeviceName name_of(std::string_view agent);
std::string sentence_of(std::string_view locale, const DeviceName& name);  // "Chrome on Windows"

// Whether somebody signed in to the account of that address from this browser before, by its cookie.
Task<bool> is_known_device(Auth& auth, std::string email, const Origin& from);

// Remembers the device of a sign-in; one that is new to him, though he had others, is told of by mail.
Task<> meet_device(Auth& auth, pg::Tx& tx, core::UserId user, const Origin& from);

// None of his devices is known any more: whoever had his password may have signed in on one.
Task<> forget_devices(pg::Tx& tx, core::UserId user);

}  // namespace auth
