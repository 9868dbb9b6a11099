#include "oauth/provider.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace oauth {
namespace {

constexpr std::size_t kLongestName = 32;
constexpr std::size_t kMostProviders = 20;
constexpr std::array<std::string_view, 6> kTaken{"email", "phone", "google", "github", "anonymous", "anonymous_users"};

bool fits(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  for (const char c : name)
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-') return false;
  return std::find(kTaken.begin(), kTaken.end(), name) == kTaken.end();
}

std::string variable_part(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

// An issuer may have a path, which Env::url would refuse.
std::string issuer_of(core::Env& env, const std::string& variable, std::string_view fallback) {
  std::string issuer = env.text(variable, fallback);
  const bool web = issuer.starts_with("https://") || (issuer.starts_with("http://") && !env.production());
  if (!issuer.empty() && (!web || issuer.find_first_of("?# \t\r\n\\@") != std::string::npos)) {
    env.fault(variable + " must be an https URL without query" +
              (env.production() ? "." : " (http outside production)."));
    return {};
  }
  return issuer;
}

std::string base_of(core::Env& env, const std::string& variable, std::string_view fallback) {
  std::string base = issuer_of(env, variable, fallback);
  while (base.ends_with('/')) base.pop_back();
  return base;
}

void add_google(core::Env& env, std::vector<Provider>& out) {
  Provider google{.name = "google", .label = "Google", .scopes = "openid email profile"};
  google.client_id = env.text("AUTH_GOOGLE_CLIENT_ID");
  google.client_secret = env.secret("AUTH_GOOGLE_CLIENT_SECRET");
  google.issuer = issuer_of(env, "AUTH_GOOGLE_ISSUER", "https://accounts.google.com");
  if (!google.client_id.empty()) out.push_back(std::move(google));
}

void add_github(core::Env& env, std::vector<Provider>& out) {
  Provider github{.name = "github", .label = "GitHub", .kind = Provider::Kind::github, .scopes = "user:email"};
  github.client_id = env.text("AUTH_GITHUB_CLIENT_ID");
  github.client_secret = env.secret("AUTH_GITHUB_CLIENT_SECRET");
  github.web_base = base_of(env, "AUTH_GITHUB_URL", "https://github.com");
  github.api_base = base_of(env, "AUTH_GITHUB_API_URL", "https://api.github.com");
  if (!github.client_id.empty()) out.push_back(std::move(github));
}

void add_named(core::Env& env, std::string_view name, std::vector<Provider>& out) {
  if (!fits(name) || find(out, name) != nullptr) {
    env.fault("AUTH_OIDC names \"" + std::string(name) +
              "\": a name is lower-case letters, digits, - and _, 32 at most, each once, and none of Tenon's own.");
    return;
  }
  const std::string prefix = "AUTH_OIDC_" + variable_part(name) + "_";
  Provider provider{.name = std::string(name)};
  provider.label = env.text(prefix + "LABEL", name);
  provider.issuer = issuer_of(env, prefix + "ISSUER", "");
  provider.client_id = env.text(prefix + "CLIENT_ID");
  provider.client_secret = env.secret(prefix + "CLIENT_SECRET");
  provider.scopes = env.text(prefix + "SCOPES", "openid email profile");
  if (provider.issuer.empty() || provider.client_id.empty()) {
    env.fault(prefix + "ISSUER and " + prefix + "CLIENT_ID are needed, since AUTH_OIDC names the provider.");
    return;
  }
  out.push_back(std::move(provider));
}

}  // namespace

std::vector<Provider> providers_from(core::Env& env) {
  std::vector<Provider> out;
  add_google(env, out);
  add_github(env, out);
  const std::string names = env.text("AUTH_OIDC");
  for (const std::string_view part : core::split(names, ',')) {
    const std::string_view name = core::trim(part);
    if (name.empty()) continue;
    if (out.size() >= kMostProviders) {
      env.fault("AUTH_OIDC names too many providers.");
      break;
    }
    add_named(env, name, out);
  }
  return out;
}

const Provider* find(const std::vector<Provider>& providers, std::string_view name) {
  for (const Provider& provider : providers)
    if (provider.name == name) return &provider;
  return nullptr;
}

}  // namespace oauth
