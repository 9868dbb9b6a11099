// OpenID Connect discovery: a provider's endpoints and keys, fetched when first needed, cached, and bounded in size.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "core/task.h"
#include "http/client.h"
#include "oauth/provider.h"

namespace oauth {

using core::Task;

// The provider is unreachable or answers wrongly. The text is for the log.
class ProviderFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Endpoints {
  std::string authorize;
  std::string token;
  std::string userinfo;  // empty: not offered
  std::string keys;
  bool secret_in_body = false;  // client_secret_post; else HTTP Basic
};

class ProviderDiscovery {
 public:
  enum class Scheme { any, https_only };
  ProviderDiscovery(http::Client& client, const core::Clock& clock, Scheme scheme);

  // Both throw ProviderFault. A cached copy serves for a day while the provider is unreachable.
  Task<Endpoints> endpoints(const Provider& provider);
  // The keys that may have signed a token with that `kid` (empty: none given). An unknown kid refreshes the set, at
  // most once a minute.
  Task<std::vector<core::Json>> keys(const Provider& provider, std::string kid);

  // A call to a provider whose answer is JSON; throws ProviderFault on anything but 200.
  Task<core::Json> get_json(http::ClientRequest request);

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

}  // namespace oauth
