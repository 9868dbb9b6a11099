// GitHub: plain OAuth 2. Who somebody is stands at /user, his addresses at /user/emails; only what GitHub calls
// verified counts.
#pragma once

#include <string>

#include "auth/oauth/directory.h"
#include "auth/oauth/person.h"

namespace auth::oauth {

// Throws ProviderFault.
Task<Person> github_person(Directory& directory, const Provider& provider, std::string callback, std::string code,
                           std::string verifier);

}  // namespace auth::oauth
