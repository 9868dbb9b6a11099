// auth.mfa_factors and auth.mfa_challenges: a second factor from enrolment to its end. The wire's handlers are
// wire/factors.cc; the pages call the same functions.
#pragma once

#include <string>

#include "auth/sessions/sessions.h"

namespace auth {

struct Enrolled {
  core::Uuid id;
  std::string friendly_name;
  std::string secret;  // base32, to type
  std::string uri;     // otpauth://
  std::string qr_svg;
};
// Unverified until verify_factor has seen a code. Throws Problem 422 mfa_factor_name_conflict or
// too_many_enrolled_mfa_factors, 403 insufficient_aal when another factor exists and was not shown.
Task<Enrolled> enrol_totp(Auth& auth, Bearer who, std::string friendly_name, std::string issuer, Origin from);

struct Challenged {
  core::Uuid id;
  core::Time expires;
};
Task<Challenged> challenge_factor(Auth& auth, Bearer who, core::Uuid factor, Origin from);

// The session, now aal2. A code is good once. Throws Problem 422 mfa_verification_failed, mfa_challenge_expired or
// mfa_ip_address_mismatch, 404 mfa_factor_not_found, 429.
Task<Session> verify_factor(Auth& auth, Bearer who, core::Uuid factor, core::Uuid challenge, std::string code,
                            Origin from);

// Sessions that showed it fall back to aal1. Throws Problem 422 insufficient_aal for a verified one at aal1.
Task<> unenrol_factor(Auth& auth, Bearer who, core::Uuid factor, Origin from);

// For administrators: without asking for a second factor. False: there is none of that id.
Task<bool> remove_factor(Auth& auth, core::UserId user, core::Uuid factor, Origin from);

}  // namespace auth
