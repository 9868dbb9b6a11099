#include "core/json.h"
#include "storage/download_headers.h"
#include "storage/endpoints.h"
#include "storage/objects.h"
#include "storage/signed_url.h"

namespace storage {

namespace {

pg::As service() { return pg::as_service("access by public bucket or signed URL is checked before the row is read"); }

// The row as far as the caller may see it. A public bucket's objects are visible to everyone; without a token, a
// private bucket looks as if it did not exist.
Task<ObjectRow> visible_row(Storage& storage, http::Request& rq) {
  StorageContext& context = storage.context();
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  const auto found = co_await find_bucket(context.db, bucket);
  if (!found) throw bucket_not_found();
  if (!found->is_public && !has_token(rq)) throw bucket_not_found();
  const auto row = co_await find_row(context.db, found->is_public ? service() : caller_of(rq), bucket, key);
  if (!row) throw object_not_found();
  co_return *row;
}

Task<ObjectRow> public_row(Storage& storage, http::Request& rq) {
  StorageContext& context = storage.context();
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  const auto found = co_await find_bucket(context.db, bucket);
  if (!found || !found->is_public) throw bucket_not_found();
  const auto row = co_await find_row(context.db, service(), bucket, key);
  if (!row) throw object_not_found();
  co_return *row;
}

Task<bool> file_exists(StorageContext& context, std::string version) {
  const auto check = [&context, &version] { return context.files.size_of(version).has_value(); };
  co_return co_await core::offload(context.disk, check);
}

// Reads the row once more when an overwrite has erased its version since it was read.
Task<ObjectRow> with_file(StorageContext& context, ObjectRow row) {
  if (co_await file_exists(context, row.version)) co_return row;
  const auto fresh = co_await find_row(context.db, service(), row.bucket, row.key);
  if (!fresh || fresh->version == row.version) throw file_missing();
  if (!co_await file_exists(context, fresh->version)) throw file_missing();
  co_return *fresh;
}

Task<http::Response> file_response(Storage& storage, http::Request& rq, ObjectRow found, std::string cache_control) {
  StorageContext& context = storage.context();
  const ObjectRow row = co_await with_file(context, std::move(found));
  const http::FileMeta meta{.content_type = served_type(row.mimetype),
                            .etag = row.etag.empty() ? '"' + row.version + '"' : row.etag,
                            .modified = core::unix_seconds(row.updated_at),
                            .cache_control = std::move(cache_control)};
  http::Response response =
      http::file(rq, *context.files.path_of(row.version), static_cast<std::uint64_t>(row.size), meta);
  set_safe_download_headers(response, row.mimetype, rq.query("download"));
  co_return response;
}

std::string json_of(const ObjectRow& row) {
  core::JsonWriter w;
  w.begin().field("id", row.id).field("name", row.key).field("version", row.version).field("bucket_id", row.bucket);
  w.field("size", row.size).field("content_type", row.mimetype).field("cache_control", row.cache_control);
  w.field("etag", row.etag).key("metadata").raw(row.user_metadata ? row.user_metadata->text : "{}");
  w.field("last_modified", core::rfc3339(row.updated_at)).field("created_at", core::rfc3339(row.created_at)).end();
  return w.take();
}

}  // namespace

Task<http::Response> download(Storage& storage, http::Request& rq) {
  ObjectRow row = co_await visible_row(storage, rq);
  std::string cache = row.cache_control;
  co_return co_await file_response(storage, rq, std::move(row), std::move(cache));
}

Task<http::Response> download_authenticated(Storage& storage, http::Request& rq) {
  require_token(rq);
  co_return co_await download(storage, rq);
}

Task<http::Response> download_public(Storage& storage, http::Request& rq) {
  ObjectRow row = co_await public_row(storage, rq);
  std::string cache = row.cache_control;
  co_return co_await file_response(storage, rq, std::move(row), std::move(cache));
}

Task<http::Response> download_signed(Storage& storage, http::Request& rq) {
  StorageContext& context = storage.context();
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  const SignedUrlClaims claims = verify_signed_url(context, rq, Scope::download, bucket + "/" + key);
  const auto row = co_await find_row(context.db, service(), bucket, key);
  if (!row) throw object_not_found();
  http::Response response = co_await file_response(storage, rq, *row, "private");
  response.headers.set("Expires", core::http_date(core::Time(std::chrono::seconds(claims.expires))));
  co_return response;
}

Task<http::Response> info(Storage& storage, http::Request& rq) {
  const ObjectRow row = co_await visible_row(storage, rq);
  co_return http::json(json_of(row));
}

Task<http::Response> info_authenticated(Storage& storage, http::Request& rq) {
  require_token(rq);
  co_return co_await info(storage, rq);
}

Task<http::Response> info_public(Storage& storage, http::Request& rq) {
  const ObjectRow row = co_await public_row(storage, rq);
  co_return http::json(json_of(row));
}

}  // namespace storage
