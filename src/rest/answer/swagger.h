// The Swagger 2.0 document of a schema.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "rest/schema/catalogue.h"

namespace rest {

// What a role may do, by oid.
struct Seen {
  struct Rights {
    bool reads = false, inserts = false, updates = false, deletes = false;
    bool any() const { return reads || inserts || updates || deletes; }
  };
  std::map<std::int64_t, Rights> tables;
  std::set<std::int64_t> functions;
};

std::string swagger(const Catalogue& catalogue, std::string_view schema, const Seen& seen, std::string_view origin);

}  // namespace rest
