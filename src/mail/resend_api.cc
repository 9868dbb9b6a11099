#include "mail/resend_api.h"

#include <algorithm>
#include <array>

#include "core/json.h"
#include "core/text.h"

namespace mail {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMaxKeyBytes = 256;
constexpr std::int64_t kMaxWaitSeconds = 24 * 3600;
constexpr seconds kDailyQuotaWait{4 * 3600};
constexpr seconds kMonthlyQuotaWait{16 * 3600};

std::optional<std::int64_t> header_seconds(const http::ClientResponse& response, std::string_view name) {
  const auto n = core::parse_int(core::trim(response.headers.get(name)));
  if (!n || *n < 0) return std::nullopt;
  return std::min(*n, kMaxWaitSeconds);
}

// Tags take ASCII letters, digits, '_' and '-' only.
std::string tag(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    out += allowed ? c : '_';
  }
  return out;
}

bool is_transient(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kTransient{
      "concurrent_idempotent_requests", "resource_locked",     "rate_limit_exceeded", "application_error",
      "internal_server_error",          "service_unavailable", "internal_error"};
  return std::ranges::find(kTransient, name) != kTransient.end();
}

}  // namespace

std::string idempotency_key(const Envelope& envelope) {
  const std::string key = envelope.kind + "/" + envelope.entity;
  const bool printable = std::ranges::all_of(key, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (envelope.entity.empty() || key.size() > kMaxKeyBytes || !printable) return "mail/" + envelope.log.str();
  return key;
}

http::ClientRequest send_request(const Config& config, const Envelope& envelope, const RenderedEmail& email) {
  core::JsonWriter w;
  w.begin().field("from", config.sender);
  w.key("to").begin_array().value(one_line(envelope.to, 320)).end_array();
  w.field("subject", email.subject).field("html", email.html).field("text", email.text);
  w.key("headers").begin().field("X-Entity-Ref-ID", envelope.log).end();
  w.key("tags").begin_array();
  w.begin().field("name", "kind").field("value", tag(envelope.kind)).end();
  w.begin().field("name", "email_log").field("value", envelope.log).end();
  w.end_array().end();

  http::ClientRequest out;
  out.method = http::Method::post;
  out.url = config.api_base + "/emails";
  out.headers.set("Authorization", "Bearer " + config.api_key.reveal());
  out.headers.set("Content-Type", "application/json");
  out.headers.set("User-Agent", "tenon/1.0");
  out.headers.set("Idempotency-Key", idempotency_key(envelope));
  out.body = w.take();
  out.max_answer = 64 << 10;
  return out;
}

SendOutcome outcome_of(const http::ClientResponse& response) {
  using Status = SendOutcome::Status;
  SendOutcome out;
  if (const auto limit = header_seconds(response, "ratelimit-limit"); limit && *limit > 0)
    out.per_second = static_cast<double>(std::min<std::int64_t>(*limit, 100));
  if (const auto left = header_seconds(response, "ratelimit-remaining"); left && *left == 0)
    out.pause = seconds{std::max<std::int64_t>(1, header_seconds(response, "ratelimit-reset").value_or(1))};

  const core::Json body = core::Json::parse(response.body).value_or(core::Json{});
  if (response.status >= 200 && response.status < 300) {
    out.resend_id = body["id"].string_or("");
    out.status = out.resend_id.empty() ? Status::retry : Status::sent;
    if (out.resend_id.empty()) out.error = "the response has no id";
    return out;
  }

  const std::string name = body["name"].string_or("");
  out.error = std::to_string(response.status) + " " + one_line(name + ": " + body["message"].string_or(""), 500);
  if (const auto after = header_seconds(response, "retry-after"))
    out.after = seconds{std::max<std::int64_t>(1, *after)};
  if (response.status == 409 && name == "invalid_idempotent_request") {
    out.status = Status::already_sent;
  } else if (response.status == 429 && name.ends_with("_quota_exceeded")) {
    out.status = Status::retry;
    out.after =
        std::max(out.after.value_or(seconds{0}), name.starts_with("daily") ? kDailyQuotaWait : kMonthlyQuotaWait);
  } else if (response.status == 429) {
    out.status = Status::retry;
    out.pause = out.after.value_or(seconds{1});
  } else {
    const bool retryable = response.status >= 500 || response.status == 408 || is_transient(name);
    out.status = retryable ? Status::retry : Status::rejected;
  }
  return out;
}

}  // namespace mail
