#include "oauth/provider_discovery.h"

#include "core/log.h"

namespace oauth {
namespace {

using namespace std::chrono_literals;

constexpr auto kFresh = 1h;
constexpr auto kKept = 24h;
constexpr auto kKeyPause = 60s;
constexpr std::size_t kLargest = 256 << 10;
constexpr std::size_t kMostKeys = 50;
constexpr std::size_t kLongestUrl = 2000;

std::string well_known(std::string issuer) {
  while (issuer.ends_with('/')) issuer.pop_back();
  return issuer + "/.well-known/openid-configuration";
}

std::vector<core::Json> with_id(const std::vector<core::Json>& keys, const std::string& kid) {
  if (kid.empty()) return keys;
  std::vector<core::Json> out;
  for (const core::Json& key : keys)
    if (key["kid"].string_or("") == kid) out.push_back(key);
  return out;
}

bool takes_basic(const core::Json& methods) {
  if (!methods.is_array()) return true;  // the default is client_secret_basic
  for (const core::Json& method : methods.elements())
    if (method.string_or("") == "client_secret_basic") return true;
  return false;
}

}  // namespace

ProviderDiscovery::ProviderDiscovery(http::Client& client, const core::Clock& clock, Scheme scheme)
    : client_(client), clock_(clock), scheme_(scheme) {}

Task<core::Json> ProviderDiscovery::get_json(http::ClientRequest request) {
  request.timeout = 5s;
  request.max_answer = kLargest;
  if (!request.headers.has("Accept")) request.headers.set("Accept", "application/json");
  http::ClientResponse answer;
  try {
    answer = co_await client_.send(std::move(request));
  } catch (const http::ClientError& error) {
    throw ProviderFault(std::string("no answer: ") + error.what());
  }
  const auto json = core::Json::parse(answer.body);
  // The name of an OAuth error may be logged; its body may contain user input.
  if (answer.status != 200)
    throw ProviderFault("status " + std::to_string(answer.status) + " " +
                        (json ? (*json)["error"].string_or("").substr(0, 60) : std::string()));
  if (!json) throw ProviderFault("the answer is no JSON");
  co_return *json;
}

std::string ProviderDiscovery::checked(const core::Json& document, std::string_view member) const {
  const std::string url = document[member].string_or("");
  const bool web = url.starts_with("https://") || (scheme_ == Scheme::any && url.starts_with("http://"));
  if (!web || url.size() > kLongestUrl) throw ProviderFault("its " + std::string(member) + " is no https URL");
  return url;
}

Task<Endpoints> ProviderDiscovery::discover(const Provider& provider) {
  http::ClientRequest request;
  request.url = well_known(provider.issuer);
  const core::Json document = co_await get_json(std::move(request));
  if (document["issuer"].string_or("") != provider.issuer)
    throw ProviderFault("the discovery document names another issuer");
  Endpoints out;
  out.authorize = checked(document, "authorization_endpoint");
  out.token = checked(document, "token_endpoint");
  out.keys = checked(document, "jwks_uri");
  if (document.has("userinfo_endpoint")) out.userinfo = checked(document, "userinfo_endpoint");
  out.secret_in_body = !takes_basic(document["token_endpoint_auth_methods_supported"]);
  co_return out;
}

Task<Endpoints> ProviderDiscovery::endpoints(const Provider& provider) {
  const core::Time now = clock_.now();
  if (const auto known = entries_.find(provider.name); known != entries_.end() && now - known->second.found < kFresh)
    co_return known->second.endpoints;
  try {
    const Endpoints fresh = co_await discover(provider);
    Entry& entry = entries_[provider.name];
    entry.endpoints = fresh;
    entry.found = now;
    co_return fresh;
  } catch (const ProviderFault& fault) {
    const auto known = entries_.find(provider.name);
    if (known == entries_.end() || now - known->second.found > kKept) throw;
    core::log::warn("oauth.provider.not_discovered", {{"provider", provider.name}, {"why", fault.what()}});
  }
  co_return entries_.at(provider.name).endpoints;
}

Task<std::vector<core::Json>> ProviderDiscovery::fetch_keys(std::string url) {
  http::ClientRequest request;
  request.url = std::move(url);
  const core::Json document = co_await get_json(std::move(request));
  std::vector<core::Json> keys = document["keys"].elements();
  if (keys.empty() || keys.size() > kMostKeys) throw ProviderFault("its key set is empty, or too large");
  co_return keys;
}

Task<std::vector<core::Json>> ProviderDiscovery::keys(const Provider& provider, std::string kid) {
  const Endpoints at = co_await endpoints(provider);
  const core::Time now = clock_.now();
  Entry& entry = entries_[provider.name];
  const auto age = now - entry.keys_found;
  std::vector<core::Json> fitting = with_id(entry.keys, kid);
  if (age < kFresh && (!fitting.empty() || age < kKeyPause)) co_return fitting;
  try {
    std::vector<core::Json> fresh = co_await fetch_keys(at.keys);
    Entry& current = entries_[provider.name];
    current.keys = std::move(fresh);
    current.keys_found = now;
    fitting = with_id(current.keys, kid);
  } catch (const ProviderFault& fault) {
    if (fitting.empty() || age > kKept) throw;
    core::log::warn("oauth.provider.keys_not_fetched", {{"provider", provider.name}, {"why", fault.what()}});
  }
  co_return fitting;
}

}  // namespace oauth
