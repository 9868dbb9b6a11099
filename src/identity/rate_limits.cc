#include "identity/rate_limits.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/crypto.h"
#include "core/log.h"
#include "core/problem.h"
#include "identity/audit_log.h"

namespace identity {
namespace {

constexpr double kMailSeconds = 60;

constexpr pg::Sql kTakeOne{"identity.rate_take", R"sql(
  select tenon.take_token($1, $2, $3)
)sql"};

// Always the client's bucket before the account's, so that two calls cannot deadlock.
constexpr pg::Sql kTakeBoth{"identity.rate_take_both", R"sql(
  with client as materialized (select tenon.take_token($1, $3, $4) as wait)
  select wait, case when wait > 0 then 0 else tenon.take_token($2, $5, $6) end from client
)sql"};

// The address's bucket only while the instance has emails left, the network's only if the address had a token. Runs
// outside any transaction, so that nobody waits for another caller's email.
struct EmailWaits {
  double instance;
  double address;
  double network;
};
constexpr pg::Sql kConsumeEmail{"identity.email_take", R"sql(
  with instance as materialized (select tenon.token_wait($1, $2) as wait),
       address as materialized (
         select i.wait as instance, case when i.wait > 0 then 0 else tenon.take_token($3, 1, $4) end as wait
           from instance i)
  select a.instance, a.wait,
         case when a.instance > 0 or a.wait > 0 then 0 else tenon.take_token($5, $6, $7) end
    from address a
)sql"};

constexpr pg::Sql kInstanceWait{"identity.email_wait", R"sql(
  select tenon.token_wait($1, $2)
)sql"};

constexpr const char* kWhy = "limits are counted before anyone is signed in";

// Hashed, so that the table holds no personal data.
std::string bucket(std::string_view name, std::string_view kind, std::string_view whom) {
  return fmt::format("auth:{}:{}:{}", name, kind, core::hex(core::sha256(whom)).substr(0, 32));
}

[[noreturn]] void refuse(std::string_view name, std::int64_t seconds) {
  core::Problem problem(429, name, {{"seconds", seconds}});
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

bool is_rate_limit(std::string_view name) {
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

Task<RateDecision> try_consume(Identity& identity, const Limit& limit, std::string_view client_ip,
                               std::string_view account) {
  if (identity.config.limits == Config::Limits::off) co_return RateDecision{};
  const Rate rate = rate_of(identity.config, limit);
  const std::string by_ip = bucket(limit.name, "ip", client_network(client_ip));
  if (account.empty()) {
    const double wait =
        co_await identity.db.as(pg::as_service(kWhy)).one<double>(kTakeOne, by_ip, rate.burst, rate.per_second);
    co_return RateDecision{.client = wait};
  }
  const std::string by_account = bucket(limit.name, "account", account);
  co_return co_await identity.db.as(pg::as_service(kWhy))
      .one<RateDecision>(kTakeBoth, by_ip, by_account, rate.burst, rate.per_second, rate.burst * limit.of_account,
                         rate.per_second * limit.of_account);
}

Task<> throw_if_limited(Identity& identity, const Limit& limit, std::string_view client_ip, RateDecision decision) {
  const double wait = std::max(decision.client, decision.account);
  if (wait <= 0) co_return;
  core::log::warn("identity.rate.exceeded", {{"limit", limit.name}, {"ip", client_ip}});
  const ClientInfo from{std::string(client_ip), {}, {}};
  co_await audit_refusal(identity, "rate_limited", limit.name, std::nullopt, from);
  refuse("identity.over_request_rate_limit", whole(wait));
}

Task<> enforce_rate_limit(Identity& identity, const Limit& limit, std::string_view client_ip,
                          std::string_view account) {
  const RateDecision decision = co_await try_consume(identity, limit, client_ip, account);
  co_await throw_if_limited(identity, limit, client_ip, decision);
}

namespace {

constexpr double kNetworkShare = 0.1;
constexpr double kLeastShare = 3;  // emails of a network, where the instance itself may send few

[[noreturn]] void refuse_mail(double wait) { refuse("identity.over_email_send_rate_limit", whole(wait)); }

[[noreturn]] void refuse_instance(double wait) {
  core::log::warn("identity.rate.exceeded", {{"limit", kMailRate.name}});
  refuse_mail(wait);
}

std::string instance_bucket(EmailPurpose purpose) {
  switch (purpose) {
    case EmailPurpose::sign_up: return "auth:mail:instance:sign_up";
    case EmailPurpose::recovery: return "auth:mail:instance:recovery";
    case EmailPurpose::signed_in: return "auth:mail:instance:signed_in";
    case EmailPurpose::invitation: break;
  }
  return "auth:mail:instance:invitation";
}

// The /48 that one customer of a provider may hold, where client_network takes the /64 of one line.
std::string customer_network(std::string_view ip) {
  const std::string network = client_network(ip);
  return network.ends_with("/64") ? network.substr(0, 12) + "/48" : network;
}

Rate share_of(const Rate& all) {
  const double burst = std::min<double>(all.burst, std::max(kLeastShare, all.burst * kNetworkShare));
  return {burst, all.per_second * burst / all.burst};
}

// Returns 0 and consumes a token if an email may be sent now, otherwise the seconds to wait.
Task<double> mail_wait(Identity& identity, std::string_view kind, std::string_view address,
                       std::string_view client_ip) {
  if (identity.config.limits == Config::Limits::off) co_return 0;
  const EmailPurpose purpose = purpose_of(kind);
  const std::string instance = instance_bucket(purpose);
  const std::string key = bucket("mail", kind, address);
  const std::string network = bucket("mail", "network", instance + customer_network(client_ip));
  const double rate = 1 / kMailSeconds;
  const Rate all = rate_of(identity.config, kMailRate);
  const Rate share = share_of(all);
  const EmailWaits waits =
      co_await identity.db.as(pg::as_service(kWhy))
          .one<EmailWaits>(kConsumeEmail, instance, all.per_second, key, rate, network, share.burst, share.per_second);
  if (waits.instance > 0) refuse_instance(waits.instance);
  if (waits.network > 0) {
    core::log::warn("identity.rate.exceeded", {{"limit", kMailRate.name}, {"ip", client_ip}});
    refuse_mail(waits.network);
  }
  co_return waits.address;
}

}  // namespace

EmailPurpose purpose_of(std::string_view email_kind) {
  if (email_kind == "signup" || email_kind == "confirm") return EmailPurpose::sign_up;
  if (email_kind == "email_change" || email_kind == "reauthentication") return EmailPurpose::signed_in;
  return email_kind == "invite" ? EmailPurpose::invitation : EmailPurpose::recovery;
}

Task<> enforce_email_rate_limit(Identity& identity, std::string_view kind, std::string_view address,
                                std::string_view client_ip) {
  const double wait = co_await mail_wait(identity, kind, address, client_ip);
  if (wait > 0) refuse_mail(wait);
}

Task<bool> try_consume_email_token(Identity& identity, std::string_view kind, std::string_view address,
                                   std::string_view client_ip) {
  const double wait = co_await mail_wait(identity, kind, address, client_ip);
  co_return wait <= 0;
}

Task<> enforce_instance_email_limit(Identity& identity, EmailPurpose purpose) {
  if (identity.config.limits == Config::Limits::off) co_return;
  const Rate all = rate_of(identity.config, kMailRate);
  const std::string instance = instance_bucket(purpose);
  const double wait =
      co_await identity.db.as(pg::as_service(kWhy)).one<double>(kInstanceWait, instance, all.per_second);
  if (wait > 0) refuse_instance(wait);
}

Task<> consume_instance_email_token(Identity& identity, pg::Tx& tx, EmailPurpose purpose) {
  if (identity.config.limits == Config::Limits::off) co_return;
  const Rate all = rate_of(identity.config, kMailRate);
  const std::string instance = instance_bucket(purpose);
  co_await tx.one<double>(kTakeOne, instance, all.burst, all.per_second);
}

}  // namespace identity
