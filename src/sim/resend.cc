#include "sim/resend.h"

#include <algorithm>
#include <string_view>

#include "core/crypto.h"
#include "core/text.h"

namespace sim {
namespace {

constexpr std::size_t kMaxKey = 256;
constexpr std::size_t kMaxAddresses = 50;
constexpr std::size_t kMaxBatch = 100;

struct Refusal {
  int status = 422;
  std::string name;
  std::string message;
};

std::string error_body(const Refusal& refusal) {
  core::JsonWriter w;
  w.begin().field("statusCode", refusal.status).field("name", refusal.name).field("message", refusal.message).end();
  return w.take();
}

http::Response with_limits(http::Response response) {
  response.headers.set("ratelimit-limit", "100");
  response.headers.set("ratelimit-remaining", "99");
  response.headers.set("ratelimit-reset", "1");
  return response;
}

http::Response refuse(const Refusal& refusal) { return with_limits(http::json(error_body(refusal), refusal.status)); }

http::Response fail(const Inbox::Fault& fault) {
  std::string name = fault.name;
  if (name.empty()) name = fault.status == 429 ? "rate_limit_exceeded" : "internal_server_error";
  http::Response out = refuse({fault.status, name, "The simulator is set to fail."});
  if (fault.retry_after > 0) out.headers.set("retry-after", std::to_string(fault.retry_after));
  return out;
}

std::optional<Refusal> check_caller(const http::Request& rq) {
  if (rq.header("user-agent").empty()) return Refusal{403, "validation_error", "A User-Agent header is required."};
  const std::string_view bearer = rq.header("authorization");
  if (!bearer.starts_with("Bearer ") || bearer.size() == 7)
    return Refusal{401, "missing_api_key", "Missing API key in the authorization header."};
  if (!bearer.substr(7).starts_with("re_")) return Refusal{403, "invalid_api_key", "API key is invalid."};
  const std::string_view key = rq.header("idempotency-key");
  if (rq.headers.has("idempotency-key") && (key.empty() || key.size() > kMaxKey))
    return Refusal{400, "invalid_idempotency_key", "The idempotency key must have 1 to 256 characters."};
  return std::nullopt;
}

// "a@b.c" or "Name <a@b.c>", one line.
bool is_address(std::string_view text) {
  if (text.find_first_of("\r\n") != std::string_view::npos) return false;
  if (const std::size_t open = text.rfind('<'); open != std::string_view::npos) {
    if (!text.ends_with('>')) return false;
    text = text.substr(open + 1, text.size() - open - 2);
  }
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos && text.find_first_of(" <>,;") == std::string_view::npos;
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::optional<Refusal> check_recipients(const core::Json& to) {
  std::vector<std::string> all;
  if (to.is_string()) all.push_back(to.string_or(""));
  for (const core::Json& one : to.elements()) all.push_back(one.string_or(""));
  if (all.empty()) return Refusal{422, "missing_required_field", "Missing `to` field."};
  if (all.size() > kMaxAddresses) return Refusal{422, "validation_error", "The `to` field takes 50 addresses at most."};
  for (const std::string& one : all)
    if (!is_address(one))
      return Refusal{422, "validation_error",
                     "Invalid `to` field: use `email@example.com` or `Name <email@example.com>`."};
  return std::nullopt;
}

std::optional<Refusal> check_email(const core::Json& email) {
  if (!email.is_object()) return Refusal{422, "validation_error", "The body must be an object."};
  if (!email["from"].is_string()) return Refusal{422, "missing_required_field", "Missing `from` field."};
  if (!is_address(email["from"].string_or(""))) return Refusal{422, "invalid_from_address", "Invalid `from` field."};
  if (auto refused = check_recipients(email["to"])) return refused;
  const std::string subject = email["subject"].string_or("");
  if (subject.empty()) return Refusal{422, "missing_required_field", "Missing `subject` field."};
  if (subject.find_first_of("\r\n") != std::string::npos)
    return Refusal{422, "validation_error", "The `subject` field must be one line."};
  if (email["html"].string_or("").empty() && email["text"].string_or("").empty() && !email["template"].is_object())
    return Refusal{422, "missing_required_field", "Missing `html` or `text` field."};
  for (const core::Json& tag : email["tags"].elements())
    if (!is_tag(tag["name"].string_or("")) || !is_tag(tag["value"].string_or("")))
      return Refusal{422, "validation_error", "Tags take ASCII letters, digits, underscores and dashes only."};
  for (const auto& [name, value] : email["headers"].members())
    if (!value.is_string() || value.string_or("").find_first_of("\r\n") != std::string::npos)
      return Refusal{422, "validation_error", "The header `" + name + "` must be one line of text."};
  return std::nullopt;
}

struct Errors {
  std::vector<std::pair<std::size_t, std::string>> list;  // index, message
};

std::string body_of_one(const std::vector<std::string>& ids) {
  core::JsonWriter w;
  w.begin().field("id", ids.at(0)).end();
  return w.take();
}

std::string body_of_batch(const std::vector<std::string>& ids, const Errors& errors) {
  core::JsonWriter w;
  w.begin().key("data").begin_array();
  for (const std::string& id : ids) w.begin().field("id", id).end();
  w.end_array();
  if (!errors.list.empty()) {
    w.key("errors").begin_array();
    for (const auto& [index, message] : errors.list) w.begin().field("index", index).field("message", message).end();
    w.end_array();
  }
  return w.end().take();
}

// The first response again, 409 for another payload, nothing when the key is new.
std::optional<http::Response> replay(const Inbox& inbox, std::string_view key, std::string_view hash, bool batch) {
  const auto earlier = key.empty() ? std::nullopt : inbox.earlier_request(key);
  if (!earlier) return std::nullopt;
  if (earlier->hash != hash)
    return refuse({409, "invalid_idempotent_request", "This idempotency key was used with another payload."});
  return with_limits(http::json(batch ? body_of_batch(earlier->ids, {}) : body_of_one(earlier->ids)));
}

http::Response accept(Inbox& inbox, const http::Request& rq, const std::vector<core::Json>& emails,
                      const Errors& errors, bool batch) {
  const std::string hash = core::hex(core::sha256(rq.path + "\n" + rq.body));
  const std::string key{rq.header("idempotency-key")};
  const auto fault = inbox.next_fault();
  if (fault && !fault->captured) return fail(*fault);
  auto response = replay(inbox, key, hash, batch);
  if (!response) {
    const auto ids = inbox.capture(emails, key, hash);
    response = with_limits(http::json(batch ? body_of_batch(ids, errors) : body_of_one(ids)));
  }
  if (fault) return fail(*fault);
  return std::move(*response);
}

}  // namespace

http::Response send_one(Inbox& inbox, const http::Request& rq) {
  if (const auto refused = check_caller(rq)) return refuse(*refused);
  const auto body = core::Json::parse(rq.body);
  if (!body) return refuse({422, "validation_error", "The body is not JSON."});
  if (const auto refused = check_email(*body)) return refuse(*refused);
  return accept(inbox, rq, {*body}, {}, false);
}

http::Response send_batch(Inbox& inbox, const http::Request& rq) {
  if (const auto refused = check_caller(rq)) return refuse(*refused);
  const auto body = core::Json::parse(rq.body);
  if (!body || !body->is_array() || body->size() == 0 || body->size() > kMaxBatch)
    return refuse({422, "validation_error", "The body must be an array of 1 to 100 emails."});
  const bool permissive = rq.header("x-batch-validation") == "permissive";
  std::vector<core::Json> good;
  Errors errors;
  for (std::size_t i = 0; i < body->size(); ++i) {
    const core::Json email = (*body)[i];
    auto refused = check_email(email);
    if (!refused && (email.has("attachments") || email.has("scheduled_at")))
      refused = Refusal{422, "validation_error", "A batch takes no `attachments` and no `scheduled_at`."};
    if (!refused) good.push_back(email);
    else if (permissive) errors.list.emplace_back(i, refused->message);
    else return refuse(*refused);
  }
  return accept(inbox, rq, good, errors, true);
}

http::Response show(const Inbox& inbox, const http::Request& rq) {
  if (const auto refused = check_caller(rq)) return refuse(*refused);
  const Email email = inbox.find(rq.param("id"));
  if (!email) return refuse({404, "not_found", "Email not found"});
  core::JsonWriter w;
  w.begin().field("object", "email").field("id", email->id).field("from", email->from);
  w.key("to").begin_array();
  for (const std::string& to : email->to) w.value(to);
  w.end_array();
  w.field("created_at", email->created_at)
      .field("subject", email->subject)
      .field("html", email->html)
      .field("text", email->text);
  for (const char* name : {"cc", "bcc", "reply_to", "tags"})
    w.key(name).raw(email->payload.has(name) ? email->payload[name].dump() : "[]");
  w.field("last_event", "delivered").end();
  return with_limits(http::json(w.take()));
}

http::Response set_fault(Inbox& inbox, const http::Request& rq) {
  const core::Json body = rq.json();
  Inbox::Fault fault;
  fault.status = static_cast<int>(std::clamp<std::int64_t>(body["status"].integer().value_or(500), 400, 599));
  fault.name = body["name"].string_or("");
  fault.times = static_cast<int>(std::clamp<std::int64_t>(body["times"].integer().value_or(1), 0, 1000));
  fault.retry_after = static_cast<int>(std::clamp<std::int64_t>(body["retry_after"].integer().value_or(0), 0, 3600));
  fault.captured = body["captured"].boolean().value_or(false);
  inbox.fail_next(fault);
  return http::json(R"({"ok":true})");
}

}  // namespace sim
