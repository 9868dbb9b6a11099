#include <doctest/doctest.h>

#include "auth_api/error.h"
#include "html/html.h"

using auth_api::gotrue_message;

TEST_CASE("a code of identity has GoTrue's sentence, with its parameters") {
  CHECK(gotrue_message(core::Problem(400, "identity.invalid_credentials")) == "Invalid login credentials");
  CHECK(gotrue_message(core::Problem(422, "identity.mfa_factor_name_conflict", {{"name", "my {phone}"}})) ==
        "A factor with the friendly name \"my {phone}\" for this user already exists");
  CHECK(gotrue_message(core::Problem(403, "oauth.provider_email_needs_verification", {{"provider", "github"}})) ==
        "Unverified email with github. Verify the email with github in order to sign in");
}

TEST_CASE("a number in GoTrue's sentence has no separators, as Go prints it") {
  CHECK(gotrue_message(core::Problem(429, "identity.over_email_send_rate_limit", {{"seconds", std::int64_t{3600}}})) ==
        "For security purposes, you can only request this after 3600 seconds.");
}

TEST_CASE("an error of the endpoints keeps its own sentence, and any other problem has the product's") {
  const auth_api::HttpError own(400, "validation_failed", "Unsupported logout scope");
  CHECK(own.code == "validation_failed");
  CHECK(gotrue_message(own) == "Unsupported logout scope");
  CHECK(gotrue_message(core::Problem(404, "http.not_found")) == html::text("en", "http.problem.not_found"));
}
