#include "storage/download.h"

#include "core/json.h"
#include "core/text.h"
#include "storage/grant.h"
#include "storage/inert.h"
#include "storage/objects.h"
#include "storage/parts.h"

namespace storage {

namespace {

pg::As service() { return pg::as_service("public buckets and signed links are judged before the row is read"); }

// The row as the caller may see it. A public bucket shows its objects to all; a private one says nothing of itself to
// who brings no token.
Task<ObjectRow> visible_row(Storage& storage, http::Request& rq) {
  Parts& parts = storage.parts();
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  const auto found = co_await find_bucket(parts.db, bucket);
  if (!found) throw no_such_bucket();
  if (!found->is_public && !has_token(rq)) throw no_such_bucket();
  const auto row = co_await find_row(parts.db, found->is_public ? service() : caller_of(rq), bucket, key);
  if (!row) throw no_such_key();
  co_return *row;
}

Task<ObjectRow> public_row(Storage& storage, http::Request& rq) {
  Parts& parts = storage.parts();
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  const auto found = co_await find_bucket(parts.db, bucket);
  if (!found || !found->is_public) throw no_such_bucket();
  const auto row = co_await find_row(parts.db, service(), bucket, key);
  if (!row) throw no_such_key();
  co_return *row;
}

Task<bool> bytes_are_there(Parts& parts, std::string version) {
  const auto look = [&parts, &version] { return parts.files.size_of(version).has_value(); };
  co_return co_await core::offload(parts.disk, look);
}

// An overwrite may have erased the version between the row and the file: then the row is read once more.
Task<ObjectRow> with_bytes(Parts& parts, ObjectRow row) {
  if (co_await bytes_are_there(parts, row.version)) co_return row;
  const auto fresh = co_await find_row(parts.db, service(), row.bucket, row.key);
  if (!fresh || fresh->version == row.version) throw bytes_missing();
  if (!co_await bytes_are_there(parts, fresh->version)) throw bytes_missing();
  co_return *fresh;
}

Task<http::Response> send(Storage& storage, http::Request& rq, ObjectRow found, std::string cache_control) {
  Parts& parts = storage.parts();
  const ObjectRow row = co_await with_bytes(parts, std::move(found));
  const http::FileMeta meta{.content_type = served_type(row.mimetype),
                            .etag = row.etag.empty() ? '"' + row.version + '"' : row.etag,
                            .modified = core::unix_seconds(row.updated_at),
                            .cache_control = std::move(cache_control)};
  http::Response response =
      http::file(rq, *parts.files.path_of(row.version), static_cast<std::uint64_t>(row.size), meta);
  make_inert(response, row.mimetype, rq.query("download"));
  co_return response;
}

std::string describe(const ObjectRow& row) {
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
  co_return co_await send(storage, rq, std::move(row), std::move(cache));
}

Task<http::Response> download_authenticated(Storage& storage, http::Request& rq) {
  need_token(rq);
  co_return co_await download(storage, rq);
}

Task<http::Response> download_public(Storage& storage, http::Request& rq) {
  ObjectRow row = co_await public_row(storage, rq);
  std::string cache = row.cache_control;
  co_return co_await send(storage, rq, std::move(row), std::move(cache));
}

Task<http::Response> download_signed(Storage& storage, http::Request& rq) {
  Parts& parts = storage.parts();
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  const Grant grant = granted(parts, rq, Scope::download, bucket + "/" + key);
  const auto row = co_await find_row(parts.db, service(), bucket, key);
  if (!row) throw no_such_key();
  http::Response response = co_await send(storage, rq, *row, "private");
  response.headers.set("Expires", core::http_date(core::Time(std::chrono::seconds(grant.expires))));
  co_return response;
}

Task<http::Response> info(Storage& storage, http::Request& rq) {
  const ObjectRow row = co_await visible_row(storage, rq);
  co_return http::json(describe(row));
}

Task<http::Response> info_authenticated(Storage& storage, http::Request& rq) {
  need_token(rq);
  co_return co_await info(storage, rq);
}

Task<http::Response> info_public(Storage& storage, http::Request& rq) {
  const ObjectRow row = co_await public_row(storage, rq);
  co_return http::json(describe(row));
}

}  // namespace storage
