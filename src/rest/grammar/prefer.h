// The headers that say how to answer: Prefer, Accept, Range, the profiles (spec/supabase-data-api.md 3.4, 4, 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"

namespace rest {

struct Prefer {
  enum class Return { unsaid, minimal, headers_only, representation };
  enum class Count { none, exact, planned, estimated };
  enum class Resolution { none, merge, ignore };
  enum class Missing { unsaid, null, by_default };
  enum class Handling { unsaid, lenient, strict };
  enum class End { unsaid, commit, rollback };
  Return returns = Return::unsaid;
  Count count = Count::none;
  Resolution resolution = Resolution::none;
  Missing missing = Missing::unsaid;
  Handling handling = Handling::unsaid;
  End end = End::unsaid;
  std::optional<std::int64_t> max_affected;
};
// Every `Prefer` header, comma-joined or repeated; of equal names the first counts. Throws Fault PGRST122 for an
// unknown one under handling=strict.
Prefer parse_prefer(const http::Headers& headers);

struct Media {
  enum class Type { array, object, csv };
  Type type = Type::array;
  bool strip_nulls = false;
};
// The first acceptable type of `Accept`. Throws Fault PGRST107.
Media parse_accept(std::string_view accept);

struct Range {
  std::int64_t first = 0;
  std::optional<std::int64_t> last;  // inclusive
};
// Nothing when the header is absent or of another unit. Throws Fault PGRST103 when it ends before it begins.
std::optional<Range> parse_range(const http::Request& rq);

}  // namespace rest
