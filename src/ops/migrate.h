// Brings a database to the schema in the binary: db/platform (unless the database brings its own auth and storage, as
// a Supabase project does), then db/migrations in order. Each file runs in one transaction with its row in
// tenon.migrations; an advisory lock keeps two migrators apart; a file whose text changed after it ran is refused.
#pragma once

#include <string>
#include <vector>

#include "core/env.h"

namespace ops {

struct Migration {
  std::string version;   // "platform/10_roles" or "20260101000100_foundation"
  std::string checksum;  // hex of sha256
  bool applied = false;
};

// Returns the versions applied now. `super_url` may be empty: then everything runs as the owner. Throws
// std::runtime_error with a sentence (edited past, newer database than binary, missing rights).
std::vector<std::string> migrate(const core::Secret& owner_url, const core::Secret& super_url = {});
// What the binary brings and what the database has, without changing it.
std::vector<Migration> migration_status(const core::Secret& owner_url);

}  // namespace ops
