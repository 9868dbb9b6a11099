#include "oauth/github.h"

#include "core/text.h"

namespace oauth {
namespace {

http::ClientRequest call(const Provider& provider, std::string_view path, const std::string& token) {
  http::ClientRequest request;
  request.url = provider.api_base + std::string(path);
  request.headers.set("Authorization", "Bearer " + token);
  request.headers.set("Accept", "application/vnd.github+json");
  return request;
}

void put(core::JsonWriter& out, const core::Json& user, std::string_view member,
         std::initializer_list<std::string_view> names) {
  const std::string text = user[member].string_or("");
  if (text.empty() || text.size() > 2048) return;
  for (const std::string_view name : names) out.field(name, text);
}

// The primary address if GitHub has verified it, else the first verified one.
std::string verified_address(const core::Json& addresses) {
  std::string first;
  for (const core::Json& one : addresses.elements()) {
    if (!one["verified"].boolean().value_or(false)) continue;
    const std::string address = one["email"].string_or("");
    if (one["primary"].boolean().value_or(false)) return address;
    if (first.empty()) first = address;
  }
  return first;
}

}  // namespace

Task<ProviderProfile> fetch_github_profile(ProviderDiscovery& discovery, const Provider& provider, std::string callback,
                                           std::string code, std::string verifier) {
  http::ClientRequest request;
  request.method = http::Method::post;
  request.url = provider.web_base + "/login/oauth/access_token";
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body = "client_id=" + core::percent_encode(provider.client_id) +
                 "&client_secret=" + core::percent_encode(provider.client_secret.reveal()) +
                 "&code=" + core::percent_encode(code) + "&redirect_uri=" + core::percent_encode(callback) +
                 "&code_verifier=" + core::percent_encode(verifier);
  const core::Json tokens = co_await discovery.get_json(std::move(request));
  // GitHub reports a bad code with status 200.
  const std::string access = tokens["access_token"].string_or("");
  if (access.empty()) throw ProviderFault("no token: " + tokens["error"].string_or("").substr(0, 60));
  const core::Json user = co_await discovery.get_json(call(provider, "/user", access));
  const auto id = user["id"].integer();
  if (!id) throw ProviderFault("its user has no id");
  const core::Json addresses = co_await discovery.get_json(call(provider, "/user/emails?per_page=100", access));

  ProviderProfile out;
  out.provider = provider.name;
  out.subject = std::to_string(*id);
  out.email = verified_address(addresses);
  out.email_verified = !out.email.empty();
  out.access_token = access;
  out.refresh_token = tokens["refresh_token"].string_or("");
  core::JsonWriter data;
  data.begin().field("iss", provider.api_base).field("sub", out.subject).field("provider_id", out.subject);
  if (!out.email.empty()) data.field("email", core::lower(out.email));
  data.field("email_verified", out.email_verified).field("phone_verified", false);
  put(data, user, "name", {"name", "full_name"});
  put(data, user, "login", {"user_name", "preferred_username"});
  put(data, user, "avatar_url", {"avatar_url"});
  data.end();
  out.data = data.take();
  co_return out;
}

}  // namespace oauth
