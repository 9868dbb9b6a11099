#include "ops/migrate.h"

#include <fmt/core.h>

#include <map>
#include <optional>
#include <stdexcept>

#include "core/crypto.h"
#include "core/log.h"
#include "core/resources.h"
#include "pg/session.h"

namespace ops {

namespace {

// Any fixed number: "TENO" in ASCII.
constexpr const char* kLock = "select pg_advisory_lock(1413828175)";
constexpr const char* kUnlock = "select pg_advisory_unlock(1413828175)";

constexpr const char* kBooks = R"sql(
  create schema if not exists tenon;
  create table if not exists tenon.migrations (
    version text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
  );
)sql";

struct File {
  std::string version;
  std::string_view sql;
  std::string checksum;
};

std::vector<File> files_below(std::string_view folder, std::string_view prefix) {
  std::vector<File> out;
  for (const core::Resource* file : core::resources_below(folder)) {
    std::string_view name = file->path.substr(folder.size());
    name.remove_suffix(std::string_view(".sql").size());
    out.push_back({fmt::format("{}{}", prefix, name), file->bytes, core::hex(core::sha256(file->bytes))});
  }
  return out;
}

std::map<std::string, std::string> applied(pg::Session& session) {
  std::map<std::string, std::string> out;
  if (session.query("select 1 where to_regclass('tenon.migrations') is not null").rows.empty()) return out;
  for (const auto& row : session.query("select version, checksum from tenon.migrations").rows)
    out.emplace(row[0].value_or(""), row[1].value_or(""));
  return out;
}

// True when this database has users and storage of its own making (a Supabase project).
bool has_own_platform(pg::Session& session, const std::map<std::string, std::string>& done) {
  return !done.contains("platform/20_auth") &&
         !session.query("select 1 where to_regclass('auth.users') is not null").rows.empty();
}

void refuse_edited_past(const std::vector<File>& files, const std::map<std::string, std::string>& done) {
  for (const File& file : files) {
    const auto found = done.find(file.version);
    if (found != done.end() && found->second != file.checksum)
      throw std::runtime_error("the migration " + file.version +
                               " was edited after it ran here. Put its text back and write a new migration instead.");
  }
}

void apply(pg::Session& session, const File& file) {
  session.script("begin");
  try {
    session.script(std::string(file.sql));
  } catch (const pg::Error& error) {
    session.script("rollback");
    throw std::runtime_error(fmt::format("the migration {} failed: {}{}{}", file.version, error.what(),
                                         error.detail.empty() ? "" : "\n  ", error.detail));
  }
  session.query("insert into tenon.migrations (version, checksum) values ($1, $2) on conflict (version) do nothing",
                {file.version, file.checksum});
  session.script("commit");
}

}  // namespace

std::vector<std::string> migrate(const core::Secret& owner_url, const core::Secret& super_url) {
  pg::Session session(owner_url);
  session.script("set lock_timeout = '60s'");
  session.query(kLock);
  std::vector<std::string> now;
  std::map<std::string, std::string> done = applied(session);
  const std::vector<File> platform = files_below("db/platform/", "platform/");
  const std::vector<File> migrations = files_below("db/migrations/", "");
  refuse_edited_past(platform, done);
  refuse_edited_past(migrations, done);
  session.script(kBooks);
  session.script("set client_min_messages = warning");
  if (!has_own_platform(session, done)) {
    for (const File& file : platform) {
      if (done.contains(file.version)) continue;
      if (file.version == "platform/10_roles" && !super_url.empty()) {
        pg::Session super(super_url);
        super.script(std::string(file.sql));
        session.query("insert into tenon.migrations (version, checksum) values ($1, $2)",
                      {file.version, file.checksum});
      } else {
        apply(session, file);
      }
      now.push_back(file.version);
    }
  }
  for (const File& file : migrations) {
    if (done.contains(file.version)) continue;
    apply(session, file);
    now.push_back(file.version);
    core::log::info("ops.migration.applied", {{"version", file.version}});
  }
  if (!now.empty()) session.script("notify pgrst, 'reload schema'");  // the data API reads the catalogue anew
  session.query(kUnlock);
  return now;
}

std::vector<Migration> migration_status(const core::Secret& owner_url) {
  pg::Session session(owner_url);
  const auto done = applied(session);
  std::vector<Migration> out;
  for (const auto& files : {files_below("db/platform/", "platform/"), files_below("db/migrations/", "")})
    for (const File& file : files) out.push_back({file.version, file.checksum, done.contains(file.version)});
  return out;
}

}  // namespace ops
