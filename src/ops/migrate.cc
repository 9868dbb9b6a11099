#include "ops/migrate.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "core/crypto.h"
#include "core/log.h"
#include "core/resources.h"
#include "pg/session.h"

namespace ops {

namespace {

// Any fixed number: "TENO" in ASCII.
constexpr const char* kLock = "select pg_advisory_lock(1413828175)";
constexpr const char* kUnlock = "select pg_advisory_unlock(1413828175)";

constexpr const char* kCreateHistory = R"sql(
  create schema if not exists tenon;
  create table if not exists tenon.migrations (
    version text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
  );
)sql";

constexpr const char* kRecord = R"sql(
  insert into tenon.migrations (version, checksum) values ($1, $2)
  on conflict (version) do update set checksum = excluded.checksum, applied_at = now()
)sql";

struct File {
  std::string version;
  std::string_view path;
  std::string_view sql;
  std::string checksum;
};

using History = std::map<std::string, std::string>;  // checksum by version

std::vector<File> files_below(std::string_view folder, std::string_view prefix) {
  std::vector<File> out;
  for (const core::Resource* file : core::resources_below(folder)) {
    std::string_view name = file->path.substr(folder.size());
    name.remove_suffix(std::string_view(".sql").size());
    out.push_back({fmt::format("{}{}", prefix, name), file->path, file->bytes, core::hex(core::sha256(file->bytes))});
  }
  return out;
}

std::vector<File> platform_files() { return files_below("db/platform/", "platform/"); }
std::vector<File> migration_files() { return files_below("db/migrations/", ""); }
std::vector<File> function_files() { return files_below("db/functions/", "functions/"); }

History read_history(pg::Session& session) {
  History out;
  if (session.query("select 1 where to_regclass('tenon.migrations') is not null").rows.empty()) return out;
  for (const auto& row : session.query("select version, checksum from tenon.migrations").rows)
    out.emplace(row[0].value_or(""), row[1].value_or(""));
  return out;
}

// A Supabase project: auth and storage are there, and not from db/platform.
bool has_own_platform(pg::Session& session, const History& history) {
  return !history.contains("platform/20_auth") &&
         !session.query("select 1 where to_regclass('auth.users') is not null").rows.empty();
}

void refuse_unknown(const std::vector<File>& migrations, const History& history) {
  for (const auto& [version, checksum] : history) {
    if (version.find('/') != std::string::npos) continue;
    if (std::ranges::any_of(migrations, [&](const File& file) { return file.version == version; })) continue;
    if (version < migrations.front().version)
      throw RefusedHistory(
          RefusedHistory::Why::too_old,
          "this database was made by an older development version, which cannot be upgraded. Nothing was changed. Run "
          "`tenon db reset` (with --data DIR for another data folder) to delete everything in it and start anew.");
    if (version > migrations.back().version)
      throw RefusedHistory(RefusedHistory::Why::too_new,
                           "a newer tenon has migrated this database (" + version + "). Run that version instead.");
    throw RefusedHistory(RefusedHistory::Why::altered,
                         "this database has a migration that is not in this binary: " + version + ".");
  }
}

void refuse_edited(const std::vector<File>& files, const History& history) {
  for (const File& file : files) {
    const auto found = history.find(file.version);
    if (found != history.end() && found->second != file.checksum)
      throw RefusedHistory(RefusedHistory::Why::altered,
                           "the migration " + file.version +
                               " was edited after it ran here. Restore its text and write a new migration instead.");
  }
}

History history_to_continue(pg::Session& session) {
  History history = read_history(session);
  refuse_unknown(migration_files(), history);
  refuse_edited(platform_files(), history);
  refuse_edited(migration_files(), history);
  return history;
}

void apply(pg::Session& session, const File& file) {
  try {
    session.script(file.sql);
  } catch (const pg::Error& error) {
    if (error.sqlstate == "40P01") throw;
    throw std::runtime_error(
        fmt::format("{} failed: {}{}{}", file.path, error.what(), error.detail.empty() ? "" : "\n  ", error.detail));
  }
  session.query(kRecord, {file.version, file.checksum});
}

// All files or none. A running worker locks tables in an order of its own, so a deadlock is retried.
void apply_all(pg::Session& session, const std::vector<const File*>& files) {
  for (int attempt = 1;; ++attempt) {
    session.script("begin");
    try {
      for (const File* file : files) apply(session, *file);
      session.script("commit");
      return;
    } catch (const pg::Error& error) {
      session.script("rollback");
      if (error.sqlstate != "40P01" || attempt == 3) throw;
    } catch (const std::exception&) {
      session.script("rollback");
      throw;
    }
  }
}

// Roles belong to the cluster; only a superuser may grant BYPASSRLS before Postgres 16.
void apply_as_superuser(pg::Session& owner, const core::Secret& super_url, const File& file) {
  pg::Session super(super_url);
  super.script(file.sql);
  owner.query(kRecord, {file.version, file.checksum});
}

}  // namespace

std::vector<std::string> migrate(const core::Secret& owner_url, const core::Secret& super_url) {
  pg::Session session(owner_url);
  session.script("set lock_timeout = '60s'");
  session.query(kLock);
  const History history = history_to_continue(session);
  const std::vector<File> platform = platform_files();
  const std::vector<File> migrations = migration_files();
  const std::vector<File> functions = function_files();
  session.script(kCreateHistory);
  session.script("set client_min_messages = warning");

  std::vector<std::string> now;
  std::vector<const File*> pending;
  if (!has_own_platform(session, history)) {
    for (const File& file : platform) {
      if (history.contains(file.version)) continue;
      if (file.version == "platform/10_roles" && !super_url.empty()) {
        apply_as_superuser(session, super_url, file);
        now.push_back(file.version);
      } else {
        pending.push_back(&file);
      }
    }
  }
  for (const File& file : migrations)
    if (!history.contains(file.version)) pending.push_back(&file);
  for (const File& file : functions) {
    const auto found = history.find(file.version);
    if (found == history.end() || found->second != file.checksum) pending.push_back(&file);
  }
  if (!pending.empty()) apply_all(session, pending);
  for (const File* file : pending) {
    now.push_back(file->version);
    core::log::info("ops.migration.applied", {{"version", file->version}});
  }
  if (!now.empty()) session.script("notify pgrst, 'reload schema'");  // the data API reads the catalogue again
  session.query(kUnlock);
  return now;
}

std::vector<SchemaFile> schema_status(const core::Secret& owner_url) {
  pg::Session session(owner_url);
  return schema_status(session);
}

std::vector<SchemaFile> schema_status(pg::Session& session) {
  const History history = history_to_continue(session);
  std::vector<SchemaFile> out;
  const std::vector<File> platform = has_own_platform(session, history) ? std::vector<File>{} : platform_files();
  for (const auto& files : {platform, migration_files(), function_files()}) {
    for (const File& file : files) {
      const auto found = history.find(file.version);
      const FileState state = found == history.end()           ? FileState::missing
                              : found->second == file.checksum ? FileState::applied
                                                               : FileState::changed;
      out.push_back({file.version, file.checksum, state});
    }
  }
  return out;
}

void drop_everything(const core::Secret& owner_url) {
  pg::Session session(owner_url);
  session.script("drop schema if exists public, tenon, auth, storage cascade; create schema public");
}

void apply_seed(const core::Secret& owner_url) {
  const core::Resource* seed = core::find_resource("db/seed.sql");
  if (seed == nullptr) return;
  pg::Session session(owner_url);
  session.script(seed->bytes);  // one implicit transaction
}

}  // namespace ops
