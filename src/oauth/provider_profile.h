// A user as their provider describes them, and the tokens that the provider issued.
#pragma once

#include <string>

namespace oauth {

struct ProviderProfile {
  std::string provider;
  std::string subject;  // the provider's id for the user
  std::string email;    // as the provider spells it; empty: not given
  bool email_verified = false;
  std::string data = "{}";  // identity_data (sub, email, name, …) in Supabase Auth's format
  std::string access_token;
  std::string refresh_token;
};

}  // namespace oauth
