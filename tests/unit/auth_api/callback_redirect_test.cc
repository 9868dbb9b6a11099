#include "auth_api/callback_redirect.h"

#include <doctest/doctest.h>

TEST_CASE("an error goes into query and fragment, beside what the target has") {
  CHECK(
      auth_api::with_error("https://a.example/x?sb_flow_id=7#old", core::Problem(403, "identity.user_banned")) ==
      "https://a.example/x?sb_flow_id=7&error=access_denied&error_code=user_banned&error_description=User%20is%20banned"
      "#error=access_denied&error_code=user_banned&error_description=User%20is%20banned&sb=");
  CHECK(auth_api::with_query("https://a.example/", {{"code", "c&d"}}) == "https://a.example/?code=c%26d");
  CHECK(auth_api::with_query("https://a.example/?", {{"code", "c"}}) == "https://a.example/?code=c");
}

TEST_CASE("an error in the fragment alone leaves the query as it is") {
  const core::Problem expired(403, "identity.otp_expired");
  CHECK(auth_api::with_error("https://a.example/x?y=1", expired, auth_api::ErrorIn::fragment) ==
        "https://a.example/x?y=1#error=access_denied&error_code=otp_expired"
        "&error_description=Email%20link%20is%20invalid%20or%20has%20expired&sb=");
}

TEST_CASE("an error's name follows its status as in GoTrue, whatever its code") {
  const auto named = [](int status, const char* code) {
    return auth_api::with_error("https://a.example/", core::Problem(status, code), auth_api::ErrorIn::fragment);
  };
  CHECK(named(400, "oauth.bad_oauth_state").contains("#error=invalid_request&"));
  CHECK(named(422, "identity.email_exists").contains("#error=server_error&"));
  CHECK(named(422, "identity.signup_disabled").contains("#error=access_denied&"));
  CHECK(named(503, "oauth.unexpected_failure").contains("#error=temporarily_unavailable&"));
}
