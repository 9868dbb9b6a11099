// auth.mfa_factors and auth.mfa_challenges: TOTP factors from enrolment to removal.
#pragma once

#include <string>

#include "identity/sessions.h"

namespace identity {

struct Enrolled {
  core::Uuid id;
  std::string friendly_name;
  std::string secret;  // base32, for typing
  std::string uri;     // otpauth://
  std::string qr_code_svg;
};
// Unverified until verify_factor accepts a code. Throws Problem 422 mfa_factor_name_conflict or
// too_many_enrolled_mfa_factors, 403 insufficient_aal when the session has not shown an existing factor.
Task<Enrolled> enroll_totp(Identity& identity, Bearer who, std::string friendly_name, std::string issuer,
                           ClientInfo from);

struct Challenged {
  core::Uuid id;
  core::Time expires;
};
Task<Challenged> challenge_factor(Identity& identity, Bearer who, core::Uuid factor, ClientInfo from);

// The session, now aal2. Each code works once. Throws Problem 422 mfa_verification_failed, mfa_challenge_expired or
// mfa_ip_address_mismatch, 404 mfa_factor_not_found, 429.
Task<Session> verify_factor(Identity& identity, Bearer who, core::Uuid factor, core::Uuid challenge, std::string code,
                            ClientInfo from);

// Sessions raised by the factor fall back to aal1. Throws Problem 422 insufficient_aal when a verified factor is
// removed at aal1.
Task<> unenroll_factor(Identity& identity, Bearer who, core::Uuid factor, ClientInfo from);

// For administrators. False when the user has no such factor.
Task<bool> remove_factor(Identity& identity, core::UserId user, core::Uuid factor, ClientInfo from);

}  // namespace identity
