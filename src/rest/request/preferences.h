// The Prefer header (docs/spec/supabase-data-api.md 5).
#pragma once

#include <cstdint>
#include <optional>

#include "http/request.h"

namespace rest {

struct Preferences {
  enum class Return { unset, minimal, headers_only, representation };
  enum class Count { none, exact, planned, estimated };
  enum class Resolution { none, merge, ignore };
  enum class Missing { unset, null, by_default };
  enum class Handling { unset, lenient, strict };
  enum class Transaction { unset, commit, rollback };
  Return returns = Return::unset;
  Count count = Count::none;
  Resolution resolution = Resolution::none;
  Missing missing = Missing::unset;
  Handling handling = Handling::unset;
  Transaction transaction = Transaction::unset;
  std::optional<std::int64_t> max_affected;
};
// All `Prefer` headers, comma-joined or repeated; the first of a name counts. Throws Error PGRST122 for an unknown
// preference under handling=strict.
Preferences parse_preferences(const http::Headers& headers);

}  // namespace rest
