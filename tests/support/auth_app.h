// The app under test with every module of sign-in, from identity to account; and a browser and an API client that call
// it without a socket.
#pragma once

#include <map>

#include "access/guard.h"
#include "access/identity_credentials.h"
#include "account/account.h"
#include "auth_api/auth_api.h"
#include "core/crypto.h"
#include "core/text.h"
#include "html/html.h"
#include "identity/api_keys.h"
#include "identity/identity.h"
#include "oauth/oauth.h"
#include "support/app.h"

namespace auth_test {

using support::Answer;
using support::form;
using support::Pairs;

// As the superuser, past every policy.
inline std::vector<std::vector<std::optional<std::string>>> rows(const std::string& sql) {
  pg::Session owner{support::env("TENON_TEST_SUPER_URL")};
  return owner.query(sql).rows;
}
inline std::string cell(const std::string& sql) { return rows(sql).at(0).at(0).value_or("null"); }

struct Config {
  identity::Config identity;
  oauth::Config oauth;
  access_control::Config access;
  auth_api::Config auth_api;
};

class AuthApp : public support::App {
 public:
  explicit AuthApp(void (*change)(Config&) = nullptr) {
    clock.advance(std::chrono::duration_cast<std::chrono::microseconds>(core::SystemClock().now() - clock.now()));
    Config config;
    config.identity.jwt_secret = core::Secret("the secret of the tests, long enough");
    config.identity.anon_key = core::Secret(identity::make_api_key(config.identity.jwt_secret.reveal(), "anon"));
    config.identity.service_key =
        core::Secret(identity::make_api_key(config.identity.jwt_secret.reveal(), "service_role"));
    config.identity.limits = identity::Config::Limits::off;
    config.identity.response_step = std::chrono::milliseconds(0);  // tests about timing set it again
    config.access.secret = config.identity.jwt_secret;
    config.access.notify_secret = core::Secret("the secret of internal calls");
    if (change != nullptr) change(config);
    anon = config.identity.anon_key.reveal();
    service = config.identity.service_key.reveal();
    identity_ = std::make_unique<identity::Identity>(loop, pool, db(), clock, std::move(config.identity));
    oauth_ = std::make_unique<oauth::OAuth>(*identity_, client_, std::move(config.oauth));
    credentials_ = std::make_unique<access_control::IdentityCredentials>(*identity_);
    guard_ = std::make_unique<access_control::Guard>(loop, clock, *credentials_, std::move(config.access));
    guard = guard_.get();
    api_.reset(new auth_api::AuthApi{*identity_, *oauth_, guard_->config(), config.auth_api});
    account_.reset(new account::Account{*identity_, *oauth_, guard_->config()});
    router.group("/", {.errors = html::error_response});
    router.group("/api", {.errors = html::api_error});
    auth_api::mount(router, *api_);
    account::mount(router, *account_);
  }
  ~AuthApp() override { close(); }

  identity::Identity& identity() { return *identity_; }
  access_control::Credentials& credentials() { return *credentials_; }
  const access_control::Config& access() const { return guard_->config(); }

  core::Task<Answer> send(http::Method method, std::string target, Pairs headers, std::string body) {
    return App::send({.method = method,
                      .target = std::move(target),
                      .caller = {},
                      .headers = std::move(headers),
                      .body = std::move(body)});
  }
  Answer call(http::Method method, std::string target, Pairs headers = {}, std::string body = "") {
    return run(send(method, std::move(target), std::move(headers), std::move(body)));
  }

  // The API as auth-js calls it. `bearer` empty: the key itself.
  Pairs api_headers(const std::string& key, const std::string& bearer) const {
    return {{"apikey", key},
            {"Authorization", "Bearer " + (bearer.empty() ? key : bearer)},
            {"Content-Type", "application/json;charset=UTF-8"},
            {"X-Supabase-Api-Version", "2024-01-01"}};
  }
  Answer post(const std::string& path, const std::string& body, const std::string& bearer = "") {
    return call(http::Method::post, "/auth/v1" + path, api_headers(anon, bearer), body);
  }
  Answer get(const std::string& path, const std::string& bearer = "") {
    return call(http::Method::get, "/auth/v1" + path, api_headers(anon, bearer));
  }
  Answer admin(http::Method method, const std::string& path, const std::string& body = "") {
    return call(method, "/auth/v1/admin" + path, api_headers(service, ""), body);
  }

  // The newest email of that kind to an address: its link and code.
  struct Mail {
    std::string url;
    std::string code;
    std::string token;
  };
  Mail mail(const std::string& address, const std::string& kind = "confirm") {
    const std::string text = cell(
        "select o.payload from tenon.outbox o join public.email_log e on e.id = (o.payload->>'email_log_id')::uuid "
        "where e.to_email = '" +
        address + "' and e.kind = '" + kind + "' order by o.id desc limit 1");
    const core::Json json = core::Json::parse(text).value_or(core::Json());
    Mail out{json["url"].string_or(""), json["code"].string_or(""), ""};
    const auto at = out.url.find("token_hash=");
    if (at != std::string::npos) out.token = out.url.substr(at + 11, out.url.find('&', at) - at - 11);
    return out;
  }
  int mails(const std::string& address) {
    return std::stoi(cell("select count(*) from public.email_log where to_email = '" + address + "'"));
  }

  // A confirmed user by way of the admin API; the session JSON of their sign-in.
  core::Json sign_in(const std::string& address, const std::string& password = "correct horse battery") {
    admin(http::Method::post, "/users",
          R"({"email":")" + address + R"(","password":")" + password + R"(","email_confirm":true})");
    const Answer answer =
        post("/token?grant_type=password", R"({"email":")" + address + R"(","password":")" + password + "\"}");
    REQUIRE(answer.status == 200);
    return answer.json();
  }

  std::string anon;
  std::string service;

 private:
  http::Client client_{loop};
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<oauth::OAuth> oauth_;
  std::unique_ptr<access_control::IdentityCredentials> credentials_;
  std::unique_ptr<access_control::Guard> guard_;
  std::unique_ptr<auth_api::AuthApi> api_;
  std::unique_ptr<account::Account> account_;
};

// Keeps cookies, sends Origin, and fills in the page's token as a form does.
class Browser {
 public:
  explicit Browser(AuthApp& app) : app_(&app) {}

  Answer get(const std::string& target) {
    Answer answer = keep(app_->call(http::Method::get, target, {{"Cookie", cookie_header()}, {"Accept", "text/html"}}));
    const auto at = answer.body.find("name=\"_csrf\" value=\"");
    if (at != std::string::npos) csrf = answer.body.substr(at + 20, answer.body.find('"', at + 20) - at - 20);
    return answer;
  }
  Answer post(const std::string& target, Pairs fields) {
    fields.insert(fields.begin(), {"_csrf", csrf});
    return keep(app_->call(http::Method::post, target,
                           {{"Cookie", cookie_header()},
                            {"Accept", "text/html"},
                            {"Origin", origin},
                            {"Content-Type", "application/x-www-form-urlencoded"}},
                           form(fields)));
  }
  std::string cookie_header() const {
    std::string out;
    for (const auto& [name, value] : cookies) out += (out.empty() ? "" : "; ") + name + "=" + value;
    return out;
  }
  Answer keep(Answer answer) {
    for (const auto& [name, value] : answer.headers.all()) {
      if (!core::iequals(name, "set-cookie")) continue;
      const auto equal = value.find('=');
      const std::string content = value.substr(equal + 1, value.find(';') - equal - 1);
      if (content.empty() || value.find("Max-Age=0") != std::string::npos) cookies.erase(value.substr(0, equal));
      else cookies[value.substr(0, equal)] = content;
    }
    return answer;
  }
  bool has_session() const {
    for (const auto& [name, value] : cookies)
      if (name.starts_with("sb-")) return true;
    return false;
  }

  std::map<std::string, std::string> cookies;
  std::string csrf;
  std::string origin = "http://localhost:3000";

 private:
  AuthApp* app_;
};

// A provider that is configured and never asked.
inline oauth::Provider github() {
  oauth::Provider hub;
  hub.name = "github";
  hub.label = "GitHub";
  hub.kind = oauth::Provider::Kind::github;
  hub.client_id = "id";
  hub.web_base = "https://github.example";
  hub.api_base = "https://api.github.example";
  return hub;
}

}  // namespace auth_test
