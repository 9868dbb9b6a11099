// The rows of storage.objects and storage.buckets. Functions that take a Tx run as its role.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/pg.h"
#include "storage/storage.h"

namespace storage {

struct ObjectRow {  // in select order
  core::Uuid id;
  std::string bucket;
  std::string key;
  std::string version;
  std::string mimetype;
  std::string cache_control;
  std::string etag;  // with its quotes
  std::int64_t size = 0;
  core::Time created_at;
  core::Time updated_at;
  core::Time last_accessed_at;
  std::optional<std::string> owner;
  std::optional<pg::Json> metadata;
  std::optional<pg::Json> user_metadata;
};

struct BucketRow {
  std::string id;
  bool is_public = false;
  std::optional<std::int64_t> file_size_limit;
  std::optional<std::vector<std::string>> allowed_mime_types;
};

struct NewObject {
  std::string bucket;
  std::string key;
  std::string version;
  std::string metadata;  // JSON
  std::optional<std::string> owner;
  std::optional<std::string> user_metadata;  // JSON
};

enum class OnConflict { refuse, replace };

// The JSON of storage.objects.metadata.
std::string metadata_of(const Staged& staged, std::string_view mimetype, std::string_view cache_control,
                        core::Time now);

// Service role only. A replaced version is queued for removal. Nothing when the key exists and may not be replaced.
Task<std::optional<ObjectRow>> write_row(pg::Tx& tx, const NewObject& object, OnConflict on_conflict);
// Deletes exactly these keys, as far as the transaction's role may.
Task<std::vector<ObjectRow>> delete_rows(pg::Tx& tx, const std::string& bucket, const std::vector<std::string>& keys);
// Deletes up to `limit` rows whose key starts with `folder` (which ends in '/'), in every bucket; returns their
// versions.
Task<std::vector<std::string>> delete_folder(pg::Tx& tx, const std::string& folder, int limit);
Task<> queue_erasure(pg::Tx& tx, const std::string& version);

Task<std::optional<ObjectRow>> find_row(pg::Db& db, pg::As who, const std::string& bucket, const std::string& key);
Task<std::vector<std::string>> visible_keys(pg::Db& db, pg::As who, const std::string& bucket,
                                            const std::vector<std::string>& keys);
// Reads with full rights: a bucket's limits also bind callers who may not read its row.
Task<std::optional<BucketRow>> find_bucket(pg::Db& db, const std::string& bucket);
// Those of `versions` that no row references.
Task<std::vector<std::string>> find_orphans(pg::Db& db, const std::vector<std::string>& versions);

Object object_of(const ObjectRow& row);

}  // namespace storage
