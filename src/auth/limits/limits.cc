#include "auth/limits/limits.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "auth/audit.h"
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
  with client as materialized (select tenon.take_token($1, $3, $4) as wait)
  select wait, case when wait > 0 then 0 else tenon.take_token($2, $5, $6) end from client
)sql"};

// The instance's only when the address had its own. Each is a call of its own, outside of any transaction: nobody waits
// for another one's letter.
struct MailTurn {
  double address;
  double instance;
};
constexpr pg::Sql kMailTurn{"auth.mail_turn", R"sql(
  with address as materialized (select tenon.take_token($1, 1, $2) as wait)
  select wait, case when wait > 0 then 0 else tenon.take_token('auth:mail:instance', $3, $4) end from address
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
  for (const Limit* limit : kLimits)
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

Task<RateTurn> take_rate(Auth& auth, const Limit& limit, std::string_view client_ip, std::string_view account) {
  if (auth.config.limits == Config::Limits::off) co_return RateTurn{};
  const Rate rate = rate_of(auth.config, limit);
  const std::string by_ip = bucket(limit.name, "ip", client_network(client_ip));
  if (account.empty()) {
    const double wait =
        co_await auth.db.as(pg::as_service(kWhy)).one<double>(kTakeOne, by_ip, rate.burst, rate.per_second);
    co_return RateTurn{.client = wait};
  }
  const std::string by_account = bucket(limit.name, "account", account);
  co_return co_await auth.db.as(pg::as_service(kWhy))
      .one<RateTurn>(kTakeBoth, by_ip, by_account, rate.burst, rate.per_second, rate.burst * limit.of_account,
                     rate.per_second * limit.of_account);
}

Task<> refuse_rate(Auth& auth, const Limit& limit, std::string_view client_ip, RateTurn turn) {
  const double wait = std::max(turn.client, turn.account);
  if (wait <= 0) co_return;
  core::log::warn("auth.rate.exceeded", {{"limit", limit.name}, {"ip", client_ip}});
  const Origin from{std::string(client_ip), {}, {}};
  co_await audit_refused(auth, "rate_limited", limit.name, std::nullopt, from);
  refuse("over_request_rate_limit", "Request rate limit reached", whole(wait));
}

Task<> require_rate(Auth& auth, const Limit& limit, std::string_view client_ip, std::string_view account) {
  const RateTurn turn = co_await take_rate(auth, limit, client_ip, account);
  co_await refuse_rate(auth, limit, client_ip, turn);
}

namespace {

[[noreturn]] void refuse_mail(double wait) {
  refuse("over_email_send_rate_limit",
         fmt::format("For security purposes, you can only request this after {} seconds.", whole(wait)), whole(wait));
}

[[noreturn]] void refuse_instance(double wait) {
  core::log::warn("auth.rate.exceeded", {{"limit", kMailRate.name}});
  refuse_mail(wait);
}

// Seconds until the address may have its next mail; 0: now, and the turn is taken.
Task<double> mail_wait(Auth& auth, std::string_view kind, std::string_view address) {
  if (auth.config.limits == Config::Limits::off) co_return 0;
  const std::string key = bucket("mail", kind, address);
  const double rate = 1 / kMailSeconds;
  const Rate all = rate_of(auth.config, kMailRate);
  const MailTurn turn =
      co_await auth.db.as(pg::as_service(kWhy)).one<MailTurn>(kMailTurn, key, rate, all.burst, all.per_second);
  if (turn.instance > 0) refuse_instance(turn.instance);
  co_return turn.address;
}

}  // namespace

Task<> require_mail_rate(Auth& auth, std::string_view kind, std::string_view address) {
  const double wait = co_await mail_wait(auth, kind, address);
  if (wait > 0) refuse_mail(wait);
}

Task<bool> take_mail_turn(Auth& auth, std::string_view kind, std::string_view address) {
  const double wait = co_await mail_wait(auth, kind, address);
  co_return wait <= 0;
}

Task<> require_instance_mail(Auth& auth) {
  if (auth.config.limits == Config::Limits::off) co_return;
  const Rate all = rate_of(auth.config, kMailRate);
  const std::string instance = "auth:mail:instance";
  const double wait =
      co_await auth.db.as(pg::as_service(kWhy)).one<double>(kTakeOne, instance, all.burst, all.per_second);
  if (wait > 0) refuse_instance(wait);
}

}  // namespace auth
