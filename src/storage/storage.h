// Files and their rows in storage.objects. Bytes are made durable first (temporary file, fsync, rename to a name that
// Tenon chooses); commit() then writes the row in the caller's transaction. A crash in between leaves a file without a
// row, which the sweep removes. Files are on the local disk below STORAGE_DIR.
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

// "u_{user}/p_{project}/j_{job}/", with its trailing slash.
std::string job_folder(core::UserId user, core::ProjectId project, core::JobId job);

struct Config {
  std::string dir;                            // STORAGE_DIR
  core::Secret signing_key;                   // derived from JWT_SECRET, never equal to it
  std::string public_url;                     // APP_BASE_URL: origin of absolute signed URLs
  std::uint64_t max_upload = 500u << 20;      // STORAGE_MAX_UPLOAD_BYTES, one object through the API
  std::int64_t max_link_seconds = 7 * 86400;  // STORAGE_MAX_LINK_SECONDS, the longest life of a signed URL
  static Config from(core::Env& env);
};

inline constexpr std::chrono::hours kSweepAge{24};

struct Staged {         // a durable file without a row
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

struct StorageContext;  // storage_context.h, for storage's own files

class Storage {
 public:
  Storage(core::Loop& loop, core::BlockingPool& disk, pg::Db& db, core::Clock& clock, Config config);
  ~Storage();

  // Writes to a temporary file, off the loop. Throws Problem 413 storage.too_large beyond `limit`, 507 storage.no_space
  // on ENOSPC, 503 storage.read_only on EROFS. Destroyed unfinished, it removes the temporary file.
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
  // Copies a finished local file into the store.
  Task<Staged> stage_file(const std::string& path);
  // Removes a staged file whose row was not written because of `why`. Never throws. After an outage the commit may have
  // happened all the same, so then, and when the disk refuses, the file is left to the sweep.
  Task<> discard(const Staged& staged, std::exception_ptr why = nullptr);

  // Upserts the row as the transaction's role. A replaced version is queued for removal (outbox kind erase_version).
  Task<Object> commit(pg::Tx& tx, std::string_view bucket, std::string_view key, const Staged& staged,
                      std::string_view mimetype, core::UserId owner);
  Task<std::optional<Object>> find(pg::Tx& tx, std::string_view bucket, std::string_view key);
  Task<> remove(pg::Tx& tx, std::string_view bucket, std::string_view key);  // the row now, the file by the outbox
  // A readable local path of the object's file.
  Task<std::string> local_path(const Object& object);

  // An absolute URL that works without credentials until `seconds` from now; `download` names the attachment.
  std::string signed_url(std::string_view bucket, std::string_view key, std::int64_t seconds,
                         std::string_view download = "") const;
  // The same without the origin, for pages: their CSP allows images and videos from 'self' only.
  std::string signed_path(std::string_view bucket, std::string_view key, std::int64_t seconds,
                          std::string_view download = "") const;
  // True when a byte can be written, synced and removed. For /readyz.
  Task<bool> ping();
  StorageContext& context() { return *context_; }

 private:
  std::unique_ptr<StorageContext> context_;
};

void mount(http::Router& router, Storage& storage);  // /storage/v1
// The lane `storage`: outbox kinds erase_version, erase_project_files, erase_user_files.
void register_deliveries(outbox::OutboxDispatcher& dispatcher, Storage& storage);
// Removes temporary files, and files without a row in one of 256 folders, that are older than `older_than`; returns how
// many. The worker calls it every few minutes; sweep_all() walks every folder. An upload's first file waits for its row
// until the last one has arrived, so the age must stay far above http::Timeouts::whole_body.
Task<int> sweep(Storage& storage, std::chrono::seconds older_than = kSweepAge);
Task<int> sweep_all(Storage& storage, std::chrono::seconds older_than = kSweepAge);
// True for an object name that Supabase Storage allows (docs/spec/supabase-storage.md 3).
bool valid_key(std::string_view key);

}  // namespace storage
