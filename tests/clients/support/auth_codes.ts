// The error codes of the specification of /auth/v1 (section 2), and why some of them have no test: nothing in Tenon
// can raise them.
export const codes = `validation_failed bad_json bad_jwt not_admin no_authorization user_not_found session_not_found
  session_expired refresh_token_not_found refresh_token_already_used flow_state_not_found flow_state_expired
  signup_disabled user_banned invite_not_found bad_oauth_state bad_oauth_callback oauth_provider_not_supported
  single_identity_not_deletable identity_already_exists identity_not_found email_exists phone_exists user_already_exists
  email_provider_disabled phone_provider_disabled provider_disabled anonymous_provider_disabled manual_linking_disabled
  email_not_confirmed phone_not_confirmed invalid_credentials email_address_invalid email_address_not_authorized
  reauthentication_needed reauthentication_not_valid same_password current_password_required current_password_invalid
  weak_password otp_expired otp_disabled bad_code_verifier captcha_failed over_request_rate_limit
  over_email_send_rate_limit over_sms_send_rate_limit conflict insufficient_aal too_many_enrolled_mfa_factors
  mfa_factor_not_found mfa_factor_name_conflict mfa_challenge_expired mfa_verification_failed mfa_ip_address_mismatch
  mfa_phone_enroll_not_enabled mfa_webauthn_enroll_not_enabled mfa_totp_enroll_not_enabled
  mfa_phone_verify_not_enabled mfa_webauthn_verify_not_enabled mfa_totp_verify_not_enabled
  request_timeout request_entity_too_large unexpected_failure`.split(/\s+/);

const noPhone = "there is no sign-in by phone, so phone_provider_disabled comes first";
export const untested: Record<string, string> = {
  invite_not_found: "only for an invite_token at /authorize, which the specification leaves out",
  oauth_provider_not_supported: "an unknown provider is validation_failed (section 6.3)",
  email_provider_disabled: "sign-in by e-mail cannot be switched off",
  phone_not_confirmed: noPhone,
  email_address_invalid: "an address that is none is validation_failed (section 6)",
  email_address_not_authorized: "only where a hosted test mailer writes to the team alone",
  current_password_required: "no setting asks for the current password; where it is sent it is checked",
  captcha_failed: "there is no captcha",
  over_sms_send_rate_limit: noPhone,
  mfa_totp_enroll_not_enabled: "TOTP cannot be switched off",
  mfa_totp_verify_not_enabled: "TOTP cannot be switched off",
};
