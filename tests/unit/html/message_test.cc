// Sentences from codes and parameters.
#include "html/messages.h"

#include <doctest/doctest.h>

#include "html/html.h"

TEST_CASE("a number in a sentence is written as the reader's language writes it") {
  const core::Params params{{"n", std::int64_t{12345}}};
  CHECK(html::message("en", "html.format.seconds", params) == "12,345 seconds");
  CHECK(html::message("de", "html.format.seconds", params) == "12.345 Sekunden");
}

TEST_CASE("a parameter called n chooses between one and other") {
  CHECK(html::message("en", "html.format.hours", {{"n", std::int64_t{1}}}) == "one hour");
  CHECK(html::message("en", "html.format.hours", {{"n", std::int64_t{2}}}) == "2 hours");
  CHECK(html::message("en", "html.error.retry_after", {{"wait", "2 hours"}, {"n", std::int64_t{2}}}) ==
        "Try again in 2 hours.");
}

TEST_CASE("the sentence of a problem stands under its module and code") {
  CHECK(core::Problem(404, "http.not_found").text_key == "http.problem.not_found");
  CHECK(html::message("en", core::Problem(404, "http.not_found")) == html::text("en", "http.problem.not_found"));
  CHECK(html::message("de", core::Problem(404, "http.not_found")) == html::text("de", "http.problem.not_found"));
}

TEST_CASE("a problem without a sentence has that of its status") {
  CHECK(html::message("en", core::Problem(400, "nobody.knows")) == html::text("en", "html.error.400.why"));
  CHECK(html::message("de", core::Problem(500, "nobody.knows")) == html::text("de", "html.error.500.why"));
}

TEST_CASE("the error object of an API is in the reader's language and carries the request's id") {
  http::Request rq;
  rq.request_id = "r1";
  rq.headers.add("Accept-Language", "de");
  const http::Response response = html::api_error(rq, core::Problem(404, "http.not_found"));
  CHECK(response.status == 404);
  CHECK(std::get<std::string>(response.body) ==
        R"({"error":")" + html::text("de", "http.problem.not_found") + R"(","code":"not_found","request_id":"r1"})");
  CHECK(response.headers.get("vary") == "Accept-Language, Cookie");
}

TEST_CASE("a detail without a sentence of its own has that of its code") {
  CHECK(html::message("en", core::Problem(403, "identity.insufficient_aal.enroll")) ==
        html::text("en", "identity.problem.insufficient_aal"));
}

TEST_CASE("the wait in a problem's sentence is its Retry-After") {
  core::Problem limited(429, "identity.over_request_rate_limit");
  CHECK(html::message("en", limited) == "Too many attempts. Try again in 60 seconds.");
  limited.headers.emplace_back("Retry-After", "1");
  CHECK(html::message("en", limited) == "Too many attempts. Try again in one second.");
}
