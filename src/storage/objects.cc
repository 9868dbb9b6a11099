#include "storage/objects.h"

#include "core/json.h"

namespace storage {

std::string metadata_of(const Staged& staged, std::string_view mimetype, std::string_view cache_control,
                        core::Time now) {
  core::JsonWriter w;
  w.begin().field("eTag", '"' + staged.md5 + '"').field("size", staged.size).field("mimetype", mimetype);
  w.field("cacheControl", cache_control).field("lastModified", core::rfc3339(now));
  w.field("contentLength", staged.size).field("httpStatusCode", 200).end();
  return w.take();
}

Object object_of(const ObjectRow& row) {
  return Object{.id = row.id,
                .bucket = row.bucket,
                .key = row.key,
                .version = row.version,
                .mimetype = row.mimetype,
                .cache_control = row.cache_control,
                .etag = row.etag,
                .size = static_cast<std::uint64_t>(row.size),
                .updated_at = row.updated_at};
}

namespace {

constexpr pg::Sql kInsert{"storage.object_insert", R"sql(
  insert into storage.objects (bucket_id, name, version, metadata, owner, owner_id, user_metadata)
  values ($1, $2, $3, $4::jsonb,
          case when $5::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $5::text::uuid end, $5::text,
          $6::jsonb)
  on conflict (bucket_id, name) do nothing
  returning id, bucket_id, name, coalesce(version, ''), coalesce(metadata ->> 'mimetype', 'application/octet-stream'),
            coalesce(metadata ->> 'cacheControl', 'no-cache'), coalesce(metadata ->> 'eTag', ''),
            coalesce((metadata ->> 'size')::bigint, 0), created_at, updated_at, last_accessed_at, owner_id,
            metadata, user_metadata
)sql"};

constexpr pg::Sql kLockVersion{"storage.object_lock_version", R"sql(
  select coalesce(version, '') from storage.objects where bucket_id = $1 and name = $2 for update
)sql"};

constexpr pg::Sql kReplace{"storage.object_replace", R"sql(
  update storage.objects
     set version = $3, metadata = $4::jsonb, owner_id = $5::text, user_metadata = $6::jsonb,
         owner = case when $5::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $5::text::uuid end
   where bucket_id = $1 and name = $2
  returning id, bucket_id, name, coalesce(version, ''), coalesce(metadata ->> 'mimetype', 'application/octet-stream'),
            coalesce(metadata ->> 'cacheControl', 'no-cache'), coalesce(metadata ->> 'eTag', ''),
            coalesce((metadata ->> 'size')::bigint, 0), created_at, updated_at, last_accessed_at, owner_id,
            metadata, user_metadata
)sql"};

}  // namespace

// The insert comes first because it waits for a concurrent writer of the same key; the version that one wrote is then
// the one to replace.
Task<std::optional<ObjectRow>> write_row(pg::Tx& tx, const NewObject& object, OnConflict on_conflict) {
  for (;;) {
    auto made = co_await tx.maybe<ObjectRow>(kInsert, object.bucket, object.key, object.version, object.metadata,
                                             object.owner, object.user_metadata);
    if (made || on_conflict == OnConflict::refuse) co_return made;
    const auto before = co_await tx.maybe<std::string>(kLockVersion, object.bucket, object.key);
    if (!before) continue;  // deleted meanwhile
    auto replaced = co_await tx.maybe<ObjectRow>(kReplace, object.bucket, object.key, object.version, object.metadata,
                                                 object.owner, object.user_metadata);
    if (*before != object.version) co_await queue_erasure(tx, *before);
    co_return replaced;
  }
}

Task<> queue_erasure(pg::Tx& tx, const std::string& version) {
  if (version.empty()) co_return;
  core::JsonWriter w;
  w.begin().field("version", version).end();
  co_await outbox::put(tx, "storage", "erase_version", std::nullopt, w.take());
}

namespace {

constexpr pg::Sql kAllowDelete{"storage.delete_allow", R"sql(
  select set_config('storage.allow_delete_query', 'true', true)
)sql"};

constexpr pg::Sql kDelete{"storage.object_delete", R"sql(
  delete from storage.objects where bucket_id = $1 and name = any($2::text[])
  returning id, bucket_id, name, coalesce(version, ''), coalesce(metadata ->> 'mimetype', 'application/octet-stream'),
            coalesce(metadata ->> 'cacheControl', 'no-cache'), coalesce(metadata ->> 'eTag', ''),
            coalesce((metadata ->> 'size')::bigint, 0), created_at, updated_at, last_accessed_at, owner_id,
            metadata, user_metadata
)sql"};

// '0' follows '/' in byte order, so the range covers exactly the folder's contents.
constexpr pg::Sql kDeleteFolder{"storage.folder_delete", R"sql(
  delete from storage.objects where id in (
    select id from storage.objects
     where name ~>~ $1 and name ~<~ (left($1, -1) || '0')
     limit $2)
  returning coalesce(version, '')
)sql"};

}  // namespace

Task<std::vector<ObjectRow>> delete_rows(pg::Tx& tx, const std::string& bucket, const std::vector<std::string>& keys) {
  co_await tx.one<std::string>(kAllowDelete);
  co_return co_await tx.many<ObjectRow>(kDelete, bucket, keys);
}

Task<std::vector<std::string>> delete_folder(pg::Tx& tx, const std::string& folder, int limit) {
  co_await tx.one<std::string>(kAllowDelete);
  co_return co_await tx.many<std::string>(kDeleteFolder, folder, limit);
}

namespace {

constexpr pg::Sql kFind{"storage.object_find", R"sql(
  select id, bucket_id, name, coalesce(version, ''), coalesce(metadata ->> 'mimetype', 'application/octet-stream'),
         coalesce(metadata ->> 'cacheControl', 'no-cache'), coalesce(metadata ->> 'eTag', ''),
         coalesce((metadata ->> 'size')::bigint, 0), created_at, updated_at, last_accessed_at, owner_id,
         metadata, user_metadata
    from storage.objects where bucket_id = $1 and name = $2
)sql"};

constexpr pg::Sql kVisible{"storage.objects_visible", R"sql(
  select name from storage.objects where bucket_id = $1 and name = any($2::text[])
)sql"};

constexpr pg::Sql kBucket{"storage.bucket_find", R"sql(
  select id, coalesce(public, false), file_size_limit, allowed_mime_types from storage.buckets where id = $1
)sql"};

constexpr pg::Sql kFindOrphans{"storage.versions_find_orphans", R"sql(
  select v from unnest($1::text[]) as v where not exists (select from storage.objects where version = v)
)sql"};

}  // namespace

Task<std::optional<Object>> Storage::find(pg::Tx& tx, std::string_view bucket, std::string_view key) {
  const auto row = co_await tx.maybe<ObjectRow>(kFind, std::string(bucket), std::string(key));
  if (!row) co_return std::nullopt;
  co_return object_of(*row);
}

Task<std::optional<ObjectRow>> find_row(pg::Db& db, pg::As who, const std::string& bucket, const std::string& key) {
  co_return co_await db.as(std::move(who)).maybe<ObjectRow>(kFind, bucket, key);
}

Task<std::vector<std::string>> visible_keys(pg::Db& db, pg::As who, const std::string& bucket,
                                            const std::vector<std::string>& keys) {
  co_return co_await db.as(std::move(who)).many<std::string>(kVisible, bucket, keys);
}

Task<std::optional<BucketRow>> find_bucket(pg::Db& db, const std::string& bucket) {
  co_return co_await db.as(pg::as_service("a bucket's limits bind callers who may not read its row"))
      .maybe<BucketRow>(kBucket, bucket);
}

Task<std::vector<std::string>> find_orphans(pg::Db& db, const std::vector<std::string>& versions) {
  co_return co_await db.as(pg::as_service("the sweep covers the files of all users"))
      .many<std::string>(kFindOrphans, versions);
}

}  // namespace storage
