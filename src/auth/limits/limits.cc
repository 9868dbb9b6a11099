#include "auth/limits/limits.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/crypto.h"
#include "core/log.h"
#include "core/problem.h"

namespace auth {
namespace {

constexpr double kMailSeconds = 60;

constexpr pg::Sql kTakeOne{"auth.rate_take", R"sql(
  select tenon.take_token($1, $2, $3)
)sql"};

// The address's bucket is taken before the account's, always, so that two calls cannot wait for each other.
constexpr pg::Sql kTakeBoth{"auth.rate_take_both", R"sql(
  select greatest(tenon.take_token($1, $3, $4), tenon.take_token($2, $3, $4))
)sql"};

constexpr const char* kWhy = "limits are counted before anyone is signed in";

// Addresses are hashed: the bucket's table holds no personal data.
std::string bucket(std::string_view name, std::string_view kind, std::string_view whom) {
  return fmt::format("auth:{}:{}:{}", name, kind, core::hex(core::sha256(whom)).substr(0, 32));
}

[[noreturn]] void refuse(const char* code, const std::string& sentence, std::int64_t seconds) {
  core::Problem problem(429, code, sentence);
  problem.headers.emplace_back("Retry-After", std::to_string(seconds));
  throw problem;
}

Rate rate_of(const Config& config, const Limit& limit) {
  const auto set = config.rates.find(std::string(limit.name));
  return set == config.rates.end() ? limit.rate : set->second;
}

std::int64_t whole(double seconds) {
  return std::max<std::int64_t>(1, std::llround(std::ceil(std::min(seconds, 86400.0))));
}

}  // namespace

bool is_rate(std::string_view name) {
  for (const Limit* limit :
       {&kRefreshRate, &kVerifyRate, &kRecoverRate, &kSignInRate, &kOauthRate, &kAnonymousRate, &kMfaRate, &kMailRate})
    if (limit->name == name) return true;
  return false;
}

std::string client_network(std::string_view ip) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, std::string(ip).c_str(), &address) != 1) return std::string(ip);
  const std::string_view bytes(reinterpret_cast<const char*>(address.s6_addr), 16);
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    const auto* four = address.s6_addr + 12;
    return fmt::format("{}.{}.{}.{}", four[0], four[1], four[2], four[3]);
  }
  return core::hex(bytes.substr(0, 8)) + "/64";
}

Task<> require_rate(Auth& auth, const Limit& limit, std::string_view client_ip, std::string_view account) {
  if (auth.config.limits == Config::Limits::off) co_return;
  const Rate rate = rate_of(auth.config, limit);
  const std::string by_ip = bucket(limit.name, "ip", client_network(client_ip));
  double wait = 0;
  if (account.empty()) {
    wait = co_await auth.db.as(pg::as_service(kWhy)).one<double>(kTakeOne, by_ip, rate.burst, rate.per_second);
  } else {
    const std::string by_account = bucket(limit.name, "account", account);
    wait = co_await auth.db.as(pg::as_service(kWhy))
               .one<double>(kTakeBoth, by_ip, by_account, rate.burst, rate.per_second);
  }
  if (wait <= 0) co_return;
  core::log::warn("auth.rate.exceeded", {{"limit", limit.name}, {"ip", client_ip}});
  refuse("over_request_rate_limit", "Request rate limit reached", whole(wait));
}

Task<> require_mail_rate(Auth& auth, std::string_view kind, std::string_view address) {
  if (auth.config.limits == Config::Limits::off) co_return;
  const std::string key = bucket("mail", kind, address);
  const double one = 1;
  const double rate = one / kMailSeconds;
  double wait = co_await auth.db.as(pg::as_service(kWhy)).one<double>(kTakeOne, key, one, rate);
  if (wait <= 0) {
    const Rate all = rate_of(auth.config, kMailRate);
    const std::string instance = "auth:mail:instance";
    wait = co_await auth.db.as(pg::as_service(kWhy)).one<double>(kTakeOne, instance, all.burst, all.per_second);
    if (wait > 0) core::log::warn("auth.rate.exceeded", {{"limit", kMailRate.name}});
  }
  if (wait <= 0) co_return;
  refuse("over_email_send_rate_limit",
         fmt::format("For security purposes, you can only request this after {} seconds.", whole(wait)), whole(wait));
}

}  // namespace auth
