// CONTRACT. Bytes and their rows in storage.objects. Bytes are made durable first (temporary file, fsync, rename under
// a name that Tenon chooses), then commit() writes the row in the caller's transaction; a crash between leaves a file
// that no row names, which the sweep removes. Local disk (STORAGE_DIR); an S3 driver can take the Driver's place.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/env.h"
#include "core/ids.h"
#include "core/loop.h"
#include "core/task.h"
#include "http/router.h"
#include "outbox/outbox.h"
#include "pg/pg.h"

namespace storage {

using core::Task;

inline constexpr std::string_view kAssets = "project-assets";
inline constexpr std::string_view kOutputs = "project-outputs";

// u_{user}/p_{project}/j_{job}/ with its trailing slash (PRD's layout).
std::string job_folder(core::UserId user, core::ProjectId project, core::JobId job);

struct Config {
  std::string dir;                            // STORAGE_DIR
  core::Secret signing_key;                   // derived from JWT_SECRET, never equal to it
  std::string public_url;                     // APP_BASE_URL: origin of absolute signed links
  std::uint64_t max_upload = 500u << 20;      // STORAGE_MAX_UPLOAD_BYTES, one object over the wire
  std::int64_t max_link_seconds = 7 * 86400;  // STORAGE_MAX_LINK_SECONDS, the longest life of a signed link
  static Config from(core::Env& env);
};

inline constexpr std::chrono::hours kSweepAge{24};

struct Staged {         // durable bytes without a row
  std::string version;  // the file's name below Config::dir
  std::uint64_t size = 0;
  std::string md5;  // hex
};
struct Object {
  core::Uuid id;
  std::string bucket, key, version, mimetype, cache_control, etag;
  std::uint64_t size = 0;
  core::Time updated_at;
};

struct Parts;  // what storage's own files share (storage/parts.h)

class Storage {
 public:
  Storage(core::Loop& loop, core::BlockingPool& disk, pg::Db& db, core::Clock& clock, Config config);
  ~Storage();

  // Writes pieces to a temporary file off the loop. Throws Problem 413 beyond `limit`, 507 no_space on ENOSPC,
  // 503 read_only on EROFS. Destroyed unfinished: the temporary file goes.
  class Upload {
   public:
    explicit Upload(Storage& storage, std::uint64_t limit);
    ~Upload();
    Task<> write(std::string_view bytes);
    Task<Staged> finish();  // fsync, rename, fsync of the folder

   private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };
  Upload upload(std::uint64_t limit) { return Upload(*this, limit); }
  // Copies (or links) a finished local file into the store.
  Task<Staged> stage_file(const std::string& path);
  // Gives up durable bytes after `why` kept their row from being written. Never throws; what cannot be erased now is
  // left to the sweep, and so is everything after an outage, in which the commit may have happened all the same.
  Task<> discard(const Staged& staged, std::exception_ptr why = nullptr);

  // Upserts the row as the transaction's role; the version it replaces goes to the outbox (storage, erase_version).
  Task<Object> commit(pg::Tx& tx, std::string_view bucket, std::string_view key, const Staged& staged,
                      std::string_view mimetype, core::UserId owner);
  Task<std::optional<Object>> find(pg::Tx& tx, std::string_view bucket, std::string_view key);
  Task<> remove(pg::Tx& tx, std::string_view bucket, std::string_view key);  // row now, bytes by the outbox
  // A readable local path of the object's bytes (the S3 driver fetches into its cache).
  Task<std::string> local_path(const Object& object);

  // Absolute URL that works without keys until `seconds` from now; `download` sets the file name of the attachment.
  std::string signed_url(std::string_view bucket, std::string_view key, std::int64_t seconds,
                         std::string_view download = "") const;
  // The same without the origin: for pages, whose CSP lets pictures and videos come from their own origin only.
  std::string signed_path(std::string_view bucket, std::string_view key, std::int64_t seconds,
                          std::string_view download = "") const;
  // True when a byte can be written, synced and removed. For /readyz.
  Task<bool> answers();
  Parts& parts() { return *parts_; }

 private:
  std::unique_ptr<Parts> parts_;
};

void mount(http::Router& router, Storage& storage);  // /storage/v1
// A Problem in the error object of /storage/v1, where the server refuses before or beside its handlers.
http::Response wire_problem(const core::Problem& problem);
// The courier's lane `storage`: outbox kinds erase_version, erase_project_files, erase_user_files.
void register_deliveries(outbox::OutboxDispatcher& courier, Storage& storage);
// Housekeeping of the worker, every few minutes: removes temporary files and one 256th of the files that no row names,
// when untouched for `older_than`. Returns how many went. sweep_all walks every folder. The first file of an upload
// waits for its row as long as the last one takes to arrive: the age stands far above http::Timeouts::whole_body.
Task<int> sweep(Storage& storage, std::chrono::seconds older_than = kSweepAge);
Task<int> sweep_all(Storage& storage, std::chrono::seconds older_than = kSweepAge);
// True for a key that spec/supabase-storage.md section 3 allows.
bool valid_key(std::string_view key);

}  // namespace storage
