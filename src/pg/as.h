// The identity that a statement runs under, and what it may read and change of the HTTP request that it serves.
#pragma once

#include <string>
#include <string_view>

#include "core/ids.h"

namespace pg {

// A role and the claims that row-level security reads. Made only by the functions below.
class As {
 public:
  const std::string& role() const { return role_; }
  const std::string& claims() const { return claims_; }  // JSON, or empty

 private:
  As(std::string role, std::string claims) : role_(std::move(role)), claims_(std::move(claims)) {}
  friend As as(core::UserId user);
  friend As as_claims(std::string_view role, std::string claims);
  friend As as_service(const char* why);
  std::string role_;
  std::string claims_;
};

As as(core::UserId user);  // role authenticated, claims {"sub","role"}
// A verified token's own claims, for the Supabase APIs. Throws std::invalid_argument unless the role is anon,
// authenticated or service_role.
As as_claims(std::string_view role, std::string claims);
As as_service(const char* why);  // rare, and never on a path that a user's input chooses

// The values of the settings response.headers and response.status after a statement, unparsed.
struct ResponseOverrides {
  std::string headers, status;
};

// PostgREST's request.* settings and the search path of one implicit transaction. They are sent with role and claims.
struct RequestSettings {
  bool read_only = false;   // the server refuses every write with 25006
  std::string search_path;  // quoted identifiers, comma separated
  std::string method, path;
  std::string headers, cookies;            // JSON objects
  ResponseOverrides* overrides = nullptr;  // read in the same trip when given
  std::size_t most_bytes = 0;  // of the result, which is read row by row; beyond: ResultTooLarge. 0: read whole
  int timeout_ms = 0;          // of the statement, when shorter than the role's; 0: the role's
};

}  // namespace pg
