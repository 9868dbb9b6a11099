// What a provider says about the person who signed in there, and the tokens it gave.
#pragma once

#include <string>

namespace auth::oauth {

struct Person {
  std::string provider;
  std::string subject;  // the provider's own id of him
  std::string email;    // as the provider spells it; empty: it told none
  bool email_verified = false;
  std::string data = "{}";  // identity_data: sub, email, name, …, as Supabase Auth keeps it
  std::string access_token;
  std::string refresh_token;
};

}  // namespace auth::oauth
