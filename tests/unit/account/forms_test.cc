#include "account/forms.h"

#include <doctest/doctest.h>

#include "html/messages.h"

TEST_CASE("a page that refuses says when to come back, whatever the status that asks for it") {
  const http::Request rq;
  const auto told = [&](int status, const char* code, const char* wait) {
    core::Problem problem(status, code);
    if (*wait != '\0') problem.headers.emplace_back("Retry-After", wait);
    html::Data data;
    return account::show_problem(rq, problem, data);
  };
  CHECK(told(503, "http.unavailable", "5").retry_after == "5");  // the hashing pool is full
  CHECK(told(503, "http.unavailable", "5").status == 503);
  CHECK(told(429, "identity.over_request_rate_limit", "17").retry_after == "17");
  CHECK(told(429, "identity.over_request_rate_limit", "").retry_after == "60");
  CHECK(told(400, "identity.invalid_credentials", "").retry_after.empty());
}

TEST_CASE("a wait is told in the unit people would use, and one as one") {
  const auto said = [](const char* code, const char* wait, const char* language) {
    http::Request rq;
    rq.headers.add("Accept-Language", language);
    core::Problem problem(429, code);
    problem.headers.emplace_back("Retry-After", wait);
    return html::message(html::locale_of(rq), problem);
  };
  CHECK(said("identity.over_request_rate_limit", "1", "en").ends_with(" Try again in one second."));
  CHECK(said("identity.over_request_rate_limit", "3600", "en").ends_with(" Try again in 60 minutes."));
  CHECK(said("identity.over_email_send_rate_limit", "1", "en").ends_with(" another in one second."));
  CHECK(said("identity.over_email_send_rate_limit", "1", "de").ends_with(" in einer Sekunde anfordern."));
  CHECK(said("identity.over_email_send_rate_limit", "59", "de").ends_with(" in 59 Sekunden anfordern."));
}
