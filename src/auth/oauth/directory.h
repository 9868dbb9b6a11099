// What OpenID providers publish about themselves: endpoints and keys. Fetched when first needed, kept for a while,
// bounded in size; one for each Auth, so for each loop.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "auth/oauth/provider.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/task.h"
#include "http/client.h"

namespace auth::oauth {

using core::Task;

// The provider does not answer, or not as it must. The sentence is for the log.
class ProviderFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Endpoints {
  std::string authorize;
  std::string token;
  std::string userinfo;  // empty: it has none
  std::string keys;
  bool secret_in_body = false;  // client_secret_post; else HTTP Basic
};

class Directory {
 public:
  enum class Scheme { any, https_only };
  Directory(http::Client& client, const core::Clock& clock, Scheme scheme);

  // Both throw ProviderFault. An old copy serves for a day while the provider does not answer.
  Task<Endpoints> endpoints(const Provider& provider);
  // The keys that may have signed a token with that `kid` (empty: it names none). An unknown kid has the set fetched
  // again, once a minute at most.
  Task<std::vector<core::Json>> keys(const Provider& provider, std::string kid);

  // A call to a provider whose answer is JSON; throws ProviderFault on anything but 200.
  Task<core::Json> ask(http::ClientRequest request);

 private:
  struct Entry {
    Endpoints endpoints;
    core::Time found{};
    std::vector<core::Json> keys;
    core::Time keys_found{};
  };
  Task<Endpoints> discover(const Provider& provider);
  Task<std::vector<core::Json>> fetch_keys(std::string url);
  std::string checked(const core::Json& document, std::string_view member) const;

  http::Client& client_;
  const core::Clock& clock_;
  const Scheme scheme_;
  std::map<std::string, Entry> entries_;  // by the provider's name, of which the configuration has few
};

}  // namespace auth::oauth
