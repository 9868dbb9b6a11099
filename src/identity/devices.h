// Where a user is signed in, and the devices that they have signed in from before.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/sessions.h"

namespace identity {

struct Device {
  core::SessionId session;
  std::string agent;
  std::string ip;
  core::Time began;
  core::Time seen;
  bool second_factor = false;
};
// The user's live sessions, most recently seen first; at most a hundred.
Task<std::vector<Device>> list_devices(Identity& identity, core::UserId user);
// False when it is not theirs or has ended.
Task<bool> sign_out_device(Identity& identity, core::UserId user, core::SessionId session, ClientInfo from);

// "Chrome" and "Windows" from a User-Agent; empty when it does not name them.
struct DeviceName {
  std::string browser;
  std::string system;
};
DeviceName parse_user_agent(std::string_view agent);

// True when this browser, by its cookie, has signed in to the account of that address before.
Task<bool> is_known_device(Identity& identity, std::string email, const ClientInfo& from);

// Remembers the device of a sign-in. If it is new and the user has others, an email reports it.
Task<> record_sign_in_device(Identity& identity, pg::Tx& tx, core::UserId user, const ClientInfo& from);

// After a password reset no device is known any more: whoever had the old password may have used one.
Task<> forget_devices(pg::Tx& tx, core::UserId user);

}  // namespace identity
