#include "storage/upload.h"

#include <algorithm>

#include "core/crypto.h"
#include "core/json.h"
#include "core/text.h"
#include "http/multipart.h"
#include "storage/download_headers.h"
#include "storage/endpoints.h"
#include "storage/signed_url.h"

namespace storage {

namespace {

constexpr int kMaxFields = 10;
constexpr std::size_t kMaxMetadataBytes = 1 << 20;

constexpr pg::Sql kTryInsert{"storage.object_try_insert", R"sql(
  insert into storage.objects (bucket_id, name, version, owner, owner_id, metadata)
  values ($1, $2, '', case when $3::text is not null then $3::text::uuid end, $3::text, '{}')
)sql"};

constexpr pg::Sql kTryUpsert{"storage.object_try_upsert", R"sql(
  insert into storage.objects (bucket_id, name, version, owner, owner_id, metadata)
  values ($1, $2, '', case when $3::text is not null then $3::text::uuid end, $3::text, '{}')
  on conflict (bucket_id, name) do update
     set version = excluded.version, owner = excluded.owner, owner_id = excluded.owner_id, metadata = excluded.metadata
)sql"};

struct Allowed {};  // thrown out of the trial transaction to roll it back

Task<> try_write(pg::Tx& tx, const std::string& bucket, const std::string& key, const std::optional<std::string>& owner,
                 OnConflict on_conflict) {
  const pg::Sql& statement = on_conflict == OnConflict::replace ? kTryUpsert : kTryInsert;
  co_await tx.run(statement, bucket, key, owner);
  throw Allowed{};
}

std::optional<std::string> owner_in(const http::Request& rq) {
  return rq.caller.signed_in() ? std::optional{rq.caller.user.str()} : std::nullopt;
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool accepts(const BucketRow& bucket, std::string_view type) {
  if (!bucket.allowed_mime_types || bucket.allowed_mime_types->empty()) return true;
  const std::string bare = core::lower(core::trim(type.substr(0, type.find(';'))));
  return std::ranges::any_of(*bucket.allowed_mime_types, [&](const std::string& entry) {
    const std::string wanted = core::lower(entry);
    if (wanted.ends_with("/*")) return bare.starts_with(std::string_view(wanted).substr(0, wanted.size() - 1));
    return wanted == bare || wanted == core::lower(type) || wanted == "*";
  });
}

std::string checked_type(const BucketRow& bucket, std::string_view type) {
  if (type.empty()) type = "application/octet-stream";
  if (!valid_mime(type) || !accepts(bucket, type)) throw invalid_mime(type);
  return std::string(type);
}

// Unreadable metadata is ignored, as Supabase Storage does.
std::optional<std::string> metadata_text(std::string_view text) {
  const auto json = text.size() <= kMaxMetadataBytes ? core::Json::parse(text) : std::nullopt;
  return json && json->is_object() ? std::optional{json->dump()} : std::nullopt;
}

struct Received {
  Staged staged;
  std::string mimetype;
  std::string cache_control = "no-cache";
  std::optional<std::string> user_metadata;
};

std::uint64_t limit_of(const StorageContext& context, const BucketRow& bucket) {
  const auto own = bucket.file_size_limit;
  if (!own || *own < 0) return context.config.max_upload;
  return std::min(context.config.max_upload, static_cast<std::uint64_t>(*own));
}

Task<Received> receive_raw(Storage& storage, http::Request& rq, const BucketRow& bucket) {
  Received got;
  const std::uint64_t limit = limit_of(storage.context(), bucket);
  const auto length = core::parse_int(rq.header("content-length"));
  if (length && static_cast<std::uint64_t>(*length) > limit) throw too_large();
  got.mimetype = checked_type(bucket, rq.header("content-type"));
  if (const auto cache = rq.header("cache-control"); !cache.empty()) got.cache_control = std::string(cache);
  if (const auto metadata = core::unbase64(rq.header("x-metadata"))) got.user_metadata = metadata_text(*metadata);
  Storage::Upload upload = storage.upload(limit);
  for (;;) {
    const std::string_view piece = co_await rq.stream->read();
    if (piece.empty()) break;
    co_await upload.write(piece);
  }
  got.staged = co_await upload.finish();
  co_return got;
}

Task<> take_field(http::Multipart& form, const std::string& name, Received& got, std::string& type) {
  const std::string value = co_await form.text(kMaxMetadataBytes);
  if (name == "cacheControl") {
    if (value.size() > 100 || !is_printable(value)) throw invalid_request("cacheControl is not a number of seconds");
    got.cache_control = "max-age=" + value;
  } else if (name == "contentType") {
    type = value;
  } else if (name == "metadata" || name == "userMetadata") {
    got.user_metadata = metadata_text(value);
  }
}

// Exactly one file part, whose field name is empty; other fields may come before or after it.
Task<std::optional<Received>> receive_form(Storage& storage, http::Request& rq, const BucketRow& bucket,
                                           std::optional<Staged>& staged) {
  Received got;
  http::Multipart form(rq);
  std::string part_type;
  std::string form_type;
  int fields = 0;
  while (const auto part = co_await form.next()) {
    if (!part->filename && !part->name.empty()) {
      if (++fields > kMaxFields) throw invalid_request("Too many fields");
      co_await take_field(form, part->name, got, form_type);
      continue;
    }
    if (staged) throw invalid_request("Only one file can be uploaded at a time");
    part_type = part->content_type;
    checked_type(bucket, form_type.empty() ? part_type : form_type);
    Storage::Upload upload = storage.upload(limit_of(storage.context(), bucket));
    for (;;) {
      const std::string_view piece = co_await form.read();
      if (piece.empty()) break;
      co_await upload.write(piece);
    }
    staged = co_await upload.finish();
  }
  if (!staged) co_return std::nullopt;
  got.staged = *staged;
  got.mimetype = checked_type(bucket, form_type.empty() ? part_type : form_type);
  co_return got;
}

Task<std::optional<ObjectRow>> write_new(pg::Tx& tx, const NewObject& object, OnConflict on_conflict) {
  co_return co_await write_row(tx, object, on_conflict);
}

struct Target {
  std::string bucket;
  std::string key;
  std::optional<std::string> owner;
  OnConflict on_conflict = OnConflict::refuse;
};

Task<ObjectRow> receive_and_write(Storage& storage, http::Request& rq, const Target& target, const BucketRow& bucket,
                                  std::optional<Staged>& staged) {
  StorageContext& context = storage.context();
  Received got;
  if (core::lower(rq.header("content-type")).starts_with("multipart/form-data")) {
    auto form = co_await receive_form(storage, rq, bucket, staged);
    if (!form) throw invalid_request("No content provided");
    got = std::move(*form);
  } else {
    got = co_await receive_raw(storage, rq, bucket);
    staged = got.staged;
  }
  const NewObject object{.bucket = target.bucket,
                         .key = target.key,
                         .version = got.staged.version,
                         .metadata = metadata_of(got.staged, got.mimetype, got.cache_control, context.clock.now()),
                         .owner = target.owner,
                         .user_metadata = got.user_metadata};
  const auto row = co_await context.db.in(pg::as_service("the caller's policy or signed URL allows this key"),
                                          write_new, object, target.on_conflict);
  if (!row) throw duplicate();
  co_return *row;
}

// Removes the staged file when no row could be written for it.
Task<ObjectRow> store(Storage& storage, http::Request& rq, Target target, BucketRow bucket) {
  std::optional<Staged> staged;
  std::exception_ptr failure;
  try {
    co_return co_await receive_and_write(storage, rq, target, bucket, staged);
  } catch (...) {
    failure = std::current_exception();
  }
  if (staged) co_await storage.discard(*staged, failure);
  std::rethrow_exception(failure);
}

Task<http::Response> upload_as_caller(Storage& storage, http::Request& rq, OnConflict on_conflict) {
  StorageContext& context = storage.context();
  require_token(rq);
  Target target{bucket_in(rq), key_in(rq), owner_in(rq), on_conflict};
  auto bucket = co_await find_bucket(context.db, target.bucket);
  if (!bucket) throw bucket_not_found();
  co_await check_may_write(context, rq, target.bucket, target.key, on_conflict);
  const std::string name = target.bucket + "/" + target.key;
  const ObjectRow row = co_await store(storage, rq, std::move(target), std::move(*bucket));
  core::JsonWriter w;
  w.begin().field("Key", name).field("Id", row.id).end();
  co_return http::json(w.take());
}

}  // namespace

Task<> check_may_write(StorageContext& context, const http::Request& rq, const std::string& bucket,
                       const std::string& key, OnConflict on_conflict) {
  try {
    co_await context.db.in(caller_of(rq), try_write, bucket, key, owner_in(rq), on_conflict);
  } catch (const Allowed&) {
  } catch (const pg::Error& e) {
    if (e.sqlstate == "42501") throw access_denied("new row violates row-level security policy");
    throw;
  }
}

Task<http::Response> create(Storage& storage, http::Request& rq) {
  const bool upsert = rq.header("x-upsert") == "true";
  co_return co_await upload_as_caller(storage, rq, upsert ? OnConflict::replace : OnConflict::refuse);
}

Task<http::Response> update(Storage& storage, http::Request& rq) {
  co_return co_await upload_as_caller(storage, rq, OnConflict::replace);
}

Task<http::Response> upload_signed(Storage& storage, http::Request& rq) {
  StorageContext& context = storage.context();
  const std::string bucket_name = bucket_in(rq);
  const std::string key = key_in(rq);
  const SignedUrlClaims claims = verify_signed_url(context, rq, Scope::upload, bucket_name + "/" + key);
  auto bucket = co_await find_bucket(context.db, bucket_name);
  if (!bucket) throw bucket_not_found();
  Target target{bucket_name, key, claims.owner, claims.upsert ? OnConflict::replace : OnConflict::refuse};
  co_await store(storage, rq, std::move(target), std::move(*bucket));
  core::JsonWriter w;
  w.begin().field("Key", bucket_name + "/" + key).end();
  co_return http::json(w.take());
}

}  // namespace storage
