// Brings a database to the schema in the binary: db/platform (unless the database has its own auth and storage, as a
// Supabase project does), then the pending files of db/migrations, then every file of db/functions that differs from
// the one applied last. The owner's files run in one transaction, each with its row in tenon.migrations: an upgrade
// happens whole or not at all. An advisory lock keeps two migrators apart.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "core/env.h"

namespace pg {
class Session;
}

namespace ops {

// changed: a file of db/functions whose text differs from the one applied; the next migrate() applies it.
enum class FileState { applied, changed, missing };

struct SchemaFile {
  std::string version;   // "platform/10_roles", "20261130000200_users" or "functions/credits"
  std::string checksum;  // hex of sha256
  FileState state = FileState::missing;
};

// The database's history is not one this binary can continue. Nothing was changed; what() says what to do.
class RefusedHistory : public std::runtime_error {
 public:
  // too_old: made by a development version from before the first migration. too_new: migrated by a newer binary.
  // altered: a migration was edited or taken out after it ran.
  enum class Why { too_old, too_new, altered };
  RefusedHistory(Why reason, const std::string& what) : std::runtime_error(what), why(reason) {}
  Why why;
};

// Returns the versions applied now. `super_url` may be empty: then everything runs as the owner. Throws RefusedHistory
// for a database made by a development version from before the first migration in the binary, one migrated by a newer
// binary, and a migration edited after it ran; std::runtime_error naming the file when one fails.
std::vector<std::string> migrate(const core::Secret& owner_url, const core::Secret& super_url = {});
// The files of the binary and the state of the database, without changing it. Throws RefusedHistory as migrate() does.
std::vector<SchemaFile> schema_status(const core::Secret& owner_url);
std::vector<SchemaFile> schema_status(pg::Session& session);  // a role that may read tenon.migrations is enough
// Empties the database: drops the schemas public, tenon, auth and storage with everything in them.
void drop_everything(const core::Secret& owner_url);
// Runs db/seed.sql in one transaction.
void apply_seed(const core::Secret& owner_url);

}  // namespace ops
