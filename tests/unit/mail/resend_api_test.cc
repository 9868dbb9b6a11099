#include <doctest/doctest.h>

#include "core/json.h"
#include "mail/resend_api.h"

using mail::Envelope;
using mail::SendOutcome;
using Status = mail::SendOutcome::Status;
using namespace std::chrono_literals;

namespace {

Envelope envelope() {
  return {core::Uuid::random(), "job_completed", "0190a000-0000-7000-8000-000000000001", "ada@example.com"};
}

http::ClientResponse answer(int status, std::string body,
                            std::vector<std::pair<std::string, std::string>> headers = {}) {
  http::ClientResponse out;
  out.status = status;
  out.body = std::move(body);
  for (auto& [name, value] : headers) out.headers.add(name, value);
  return out;
}

SendOutcome refusal(int status, const std::string& name,
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
  return mail::outcome_of(
      answer(status, R"({"statusCode":)" + std::to_string(status) + R"(,"name":")" + name + R"(","message":"m"})",
             std::move(headers)));
}

}  // namespace

TEST_CASE("a request carries key, agent, idempotency key, both parts and tags") {
  mail::Config config;
  config.api_key = core::Secret("re_test");
  config.api_base = "https://mail.example";
  const Envelope to = envelope();
  const http::ClientRequest rq = mail::send_request(config, to, {"Subject", "<p>h</p>", "t"});
  CHECK(rq.method == http::Method::post);
  CHECK(rq.url == "https://mail.example/emails");
  CHECK(rq.headers.get("authorization") == "Bearer re_test");
  CHECK(rq.headers.get("idempotency-key") == "job_completed/0190a000-0000-7000-8000-000000000001");
  CHECK_FALSE(rq.headers.get("user-agent").empty());
  const core::Json body = *core::Json::parse(rq.body);
  CHECK(body["from"].string() == "App <hello@example.com>");
  CHECK(body["to"][0].string() == "ada@example.com");
  CHECK(body["subject"].string() == "Subject");
  CHECK(body["html"].string() == "<p>h</p>");
  CHECK(body["text"].string() == "t");
  CHECK(body["tags"][0]["value"].string() == "job_completed");
  CHECK(body["tags"][1]["value"].string() == to.log.str());
}

TEST_CASE("an email without a usable entity has its log row as idempotency key") {
  Envelope one = envelope();
  one.entity.clear();
  CHECK(mail::idempotency_key(one) == "mail/" + one.log.str());
  one.entity = std::string(250, 'x');
  CHECK(mail::idempotency_key(one) == "mail/" + one.log.str());
  one.entity = "a\r\nX-Evil: 1";
  CHECK(mail::idempotency_key(one) == "mail/" + one.log.str());
}

TEST_CASE("a response with an id means sent, one without means retry") {
  CHECK(mail::outcome_of(answer(200, R"({"id":"4ef9a417"})")).status == Status::sent);
  CHECK(mail::outcome_of(answer(200, R"({"id":"4ef9a417"})")).resend_id == "4ef9a417");
  CHECK(mail::outcome_of(answer(200, "<html>")).status == Status::retry);
}

TEST_CASE("transient errors are retried, permanent ones are not") {
  for (const int status : {500, 502, 503, 504}) CHECK(refusal(status, "whatever").status == Status::retry);
  CHECK(refusal(429, "rate_limit_exceeded").status == Status::retry);
  CHECK(refusal(409, "concurrent_idempotent_requests").status == Status::retry);
  CHECK(refusal(409, "resource_locked").status == Status::retry);
  CHECK(refusal(400, "validation_error").status == Status::rejected);
  CHECK(refusal(401, "missing_api_key").status == Status::rejected);
  CHECK(refusal(403, "invalid_api_key").status == Status::rejected);
  CHECK(refusal(422, "missing_required_field").status == Status::rejected);
  CHECK(refusal(451, "security_error").status == Status::rejected);
}

TEST_CASE("an idempotency key used with another payload means the email was already sent") {
  CHECK(refusal(409, "invalid_idempotent_request").status == Status::already_sent);
}

TEST_CASE("a rate limit pauses the whole lane for as long as it demands") {
  const SendOutcome limited = refusal(429, "rate_limit_exceeded", {{"retry-after", "7"}});
  CHECK(limited.after == 7s);
  CHECK(limited.pause == 7000ms);
  CHECK(refusal(500, "x", {{"retry-after", "7"}}).after == 7s);
  CHECK_FALSE(refusal(500, "x", {{"retry-after", "7"}}).pause);
}

TEST_CASE("an exhausted quota waits for hours, not seconds") {
  CHECK(refusal(429, "daily_quota_exceeded", {{"retry-after", "1"}}).after >= 4h);
  CHECK(refusal(429, "monthly_quota_exceeded").after >= 16h);
}

TEST_CASE("the rate follows the response headers") {
  const SendOutcome told = mail::outcome_of(
      answer(200, R"({"id":"a"})", {{"ratelimit-limit", "5"}, {"ratelimit-remaining", "0"}, {"ratelimit-reset", "2"}}));
  CHECK(told.per_second == 5.0);
  CHECK(told.pause == 2000ms);
  CHECK_FALSE(
      mail::outcome_of(answer(200, R"({"id":"a"})", {{"ratelimit-limit", "-5"}, {"ratelimit-remaining", "4"}})).pause);
}

TEST_CASE("an error's text is one line and bounded") {
  const SendOutcome long_one =
      mail::outcome_of(answer(422, R"({"name":"validation_error","message":"a\nb)" + std::string(5000, 'x') + "\"}"));
  CHECK(long_one.error.size() < 600);
  CHECK(long_one.error.find('\n') == std::string::npos);
  CHECK(long_one.error.starts_with("422 validation_error: a b"));
}
