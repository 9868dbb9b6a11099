// GoTrue's sentences for the codes of identity/ and oauth/, word for word: clients compare them.
#include <algorithm>
#include <iterator>

#include "auth_api/error.h"
#include "html/messages.h"

namespace auth_api {
namespace {

struct Message {
  std::string_view text_key;  // core::Problem::text_key
  std::string_view text;
};

constexpr Message kMessages[] = {
    {"identity.problem.anonymous_provider_disabled", "Anonymous sign-ins are disabled"},
    {"identity.problem.bad_code_verifier", "code challenge does not match previously saved code verifier"},
    {"identity.problem.conflict.refresh", "Too many concurrent token refresh requests on the same session"},
    {"identity.problem.conflict.sign_up", "The address is being signed up by several callers"},
    {"identity.problem.current_password_invalid", "Current password is incorrect."},
    {"identity.problem.email_exists", "A user with this email address has already been registered"},
    {"identity.problem.email_not_confirmed", "Email not confirmed"},
    {"identity.problem.email_not_confirmed.reauthentication", "Please verify your email first."},
    {"identity.problem.flow_state_expired", "invalid flow state, flow state has expired"},
    {"identity.problem.flow_state_not_found", "invalid flow state, no valid flow state found"},
    {"identity.problem.identity_not_found", "Identity doesn't exist"},
    {"identity.problem.insufficient_aal.enroll", "AAL2 required to enroll a new factor"},
    {"identity.problem.insufficient_aal.recovery_codes", "AAL2 required to make recovery codes"},
    {"identity.problem.insufficient_aal.unenroll", "AAL2 required to unenroll verified factor"},
    {"identity.problem.insufficient_aal.update",
     "AAL2 session is required to update email or password when MFA is enabled."},
    {"identity.problem.invalid_credentials", "Invalid login credentials"},
    {"identity.problem.mfa_challenge_expired",
     "MFA challenge {challenge} has expired, verify against another challenge or create a new challenge."},
    {"identity.problem.mfa_factor_name_conflict",
     "A factor with the friendly name \"{name}\" for this user already exists"},
    {"identity.problem.mfa_factor_not_found", "Factor not found"},
    {"identity.problem.mfa_factor_not_found.challenge", "MFA factor with the provided challenge ID not found"},
    {"identity.problem.mfa_ip_address_mismatch", "Challenge and verify IP addresses mismatch."},
    {"identity.problem.mfa_phone_verify_not_enabled", "MFA verification is disabled for this factor"},
    {"identity.problem.mfa_verification_failed", "Invalid TOTP code entered"},
    {"identity.problem.mfa_verification_failed.recovery_code", "Invalid recovery code entered"},
    {"identity.problem.mfa_webauthn_verify_not_enabled", "MFA verification is disabled for this factor"},
    {"identity.problem.otp_disabled", "Signups not allowed for otp"},
    {"identity.problem.otp_expired", "Email link is invalid or has expired"},
    {"identity.problem.otp_expired.code", "Token has expired or is invalid"},
    {"identity.problem.over_email_send_rate_limit",
     "For security purposes, you can only request this after {seconds} seconds."},
    {"identity.problem.over_request_rate_limit", "Request rate limit reached"},
    {"identity.problem.phone_exists", "A user with this phone number has already been registered"},
    {"identity.problem.reauthentication_needed", "Password update requires reauthentication"},
    {"identity.problem.reauthentication_not_valid", "Verification code invalid"},
    {"identity.problem.refresh_token_already_used", "Invalid Refresh Token: Already Used"},
    {"identity.problem.refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"},
    {"identity.problem.same_password", "New password should be different from the old password."},
    {"identity.problem.session_expired", "Invalid Refresh Token: Session Expired"},
    {"identity.problem.session_not_found", "Session from session_id claim in JWT does not exist"},
    {"identity.problem.session_not_found.refresh", "Invalid Refresh Token: Session Not Found"},
    {"identity.problem.signup_disabled", "Signups not allowed for this instance"},
    {"identity.problem.single_identity_not_deletable", "User must have at least 1 identity after unlinking"},
    {"identity.problem.too_many_enrolled_mfa_factors",
     "Maximum number of verified factors reached, unenroll to continue"},
    {"identity.problem.unexpected_failure.new_user", "Database error saving new user"},
    {"identity.problem.user_already_exists", "User already registered"},
    {"identity.problem.user_banned", "User is banned"},
    {"identity.problem.user_banned.refresh", "Invalid Refresh Token: User Banned"},
    {"identity.problem.user_not_found", "User from sub claim in JWT does not exist"},
    {"identity.problem.user_not_found.email", "User with this email not found"},
    {"identity.problem.validation_failed.challenge",
     "code challenge has to be between 43 and 128 characters of A-Z, a-z, 0-9, - . _ ~"},
    {"identity.problem.validation_failed.challenge_incomplete",
     "PKCE flow requires code_challenge_method and code_challenge to be set"},
    {"identity.problem.validation_failed.challenge_method", "unsupported code_challenge method \"{method}\""},
    {"identity.problem.validation_failed.email", "Unable to validate email address: invalid format"},
    {"identity.problem.validation_failed.factor_name", "friendly_name and issuer may have 200 bytes"},
    {"identity.problem.validation_failed.key_name", "A key has a name"},
    {"identity.problem.validation_failed.metadata",
     "user_metadata and app_metadata may have {most} bytes together, as JSON, and these have {bytes}: keep what is "
     "larger in a table or in storage, and refer to it"},
    {"identity.problem.validation_failed.no_address",
     "Reauthentication requires the user to have an email or a phone number"},
    {"identity.problem.validation_failed.password_characters", "Password has characters that cannot be used"},
    {"identity.problem.validation_failed.password_length", "Password cannot be longer than 72 bytes"},
    {"identity.problem.validation_failed.password_missing", "Signup requires a valid password"},
    {"identity.problem.validation_failed.refresh_token", "Refresh token is not valid"},
    {"identity.problem.validation_failed.verification_token", "Verify requires a token or a token hash"},
    {"identity.problem.validation_failed.verification_type", "Invalid email verification type"},
    {"identity.problem.weak_password.length", "Password should be at least 8 characters."},
    {"identity.problem.weak_password.pwned",
     "Password is known to be weak and easy to guess, please choose a different one."},
    {"oauth.problem.bad_oauth_callback", "OAuth callback with missing authorization code missing"},
    {"oauth.problem.bad_oauth_state", "OAuth state not found or expired"},
    {"oauth.problem.identity_already_exists", "Identity is already linked"},
    {"oauth.problem.identity_already_exists.other_user", "Identity is already linked to another user"},
    {"oauth.problem.provider_disabled", "Provider ({provider}) is not enabled"},
    {"oauth.problem.provider_email_needs_verification",
     "Unverified email with {provider}. Verify the email with {provider} in order to sign in"},
    {"oauth.problem.unexpected_failure.exchange", "Unable to exchange external code"},
    {"oauth.problem.unexpected_failure.no_response", "{provider} does not answer at the moment"},
    {"oauth.problem.unexpected_failure.profile", "Error getting user profile from external provider"},
    {"oauth.problem.validation_failed.custom_provider", "Custom OIDC provider \"{provider}\" not allowed"},
    {"oauth.problem.validation_failed.no_email", "Error getting user email from external provider"},
};

// Like Go's fmt: a number without separators.
std::string value_of(const core::Param& param) {
  const auto* number = std::get_if<std::int64_t>(&param.second);
  return number != nullptr ? std::to_string(*number) : std::get<std::string>(param.second);
}

}  // namespace

std::string gotrue_message(const core::Problem& problem) {
  if (const auto* own = dynamic_cast<const HttpError*>(&problem)) return own->message;
  const auto known = std::ranges::find(kMessages, problem.text_key, &Message::text_key);
  if (known == std::end(kMessages)) return html::message("en", problem);
  return html::fill(known->text, [&](std::string_view name) -> std::optional<std::string> {
    const auto param = std::ranges::find(problem.params, name, &core::Param::first);
    return param == problem.params.end() ? std::nullopt : std::optional(value_of(*param));
  });
}

}  // namespace auth_api
