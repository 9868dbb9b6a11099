#include "core/json.h"
#include "storage/endpoints.h"
#include "storage/objects.h"
#include "storage/storage_context.h"

namespace storage {

namespace {

constexpr std::size_t kMaxKeys = 1000;

Task<> queue_all(pg::Tx& tx, const std::vector<ObjectRow>& rows) {
  for (const ObjectRow& row : rows) co_await queue_erasure(tx, row.version);
}

// The caller's role may not write the outbox, so removal of the files is queued in a second transaction. If that one is
// lost, the sweep finds the files.
Task<std::vector<ObjectRow>> delete_as(StorageContext& context, pg::As who, std::string bucket,
                                       std::vector<std::string> keys) {
  auto rows = co_await context.db.in(std::move(who), delete_rows, std::move(bucket), std::move(keys));
  if (!rows.empty()) co_await context.db.in(pg::as_service("the rows are gone, their files follow"), queue_all, rows);
  co_return rows;
}

void write(core::JsonWriter& w, const ObjectRow& row) {
  w.begin().field("name", row.key).field("bucket_id", row.bucket).field("id", row.id);
  w.field("owner", row.owner.value_or("")).field("version", row.version);
  w.field("created_at", core::rfc3339(row.created_at)).field("updated_at", core::rfc3339(row.updated_at));
  w.field("last_accessed_at", core::rfc3339(row.last_accessed_at));
  w.key("metadata").raw(row.metadata ? row.metadata->text : "null");
  w.key("user_metadata").raw(row.user_metadata ? row.user_metadata->text : "null").end();
}

}  // namespace

Task<http::Response> delete_many(Storage& storage, http::Request& rq) {
  require_token(rq);
  std::string bucket = bucket_in(rq);
  std::vector<std::string> keys;
  for (const core::Json& key : json_object_in(rq)["prefixes"].elements()) {
    if (!key.is_string()) throw invalid_request("body/prefixes must be array of strings");
    keys.push_back(*key.string());
  }
  if (keys.empty() || keys.size() > kMaxKeys) throw invalid_request("body/prefixes must have 1 to 1000 items");
  const auto deleted = co_await delete_as(storage.context(), caller_of(rq), std::move(bucket), std::move(keys));
  core::JsonWriter w;
  w.begin_array();
  for (const ObjectRow& row : deleted) write(w, row);
  w.end_array();
  co_return http::json(w.take());
}

Task<http::Response> delete_one(Storage& storage, http::Request& rq) {
  require_token(rq);
  StorageContext& context = storage.context();
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  if (!co_await find_row(context.db, caller_of(rq), bucket, key)) throw object_not_found();
  std::vector<std::string> keys{key};
  const auto deleted = co_await delete_as(context, caller_of(rq), bucket, std::move(keys));
  if (deleted.empty()) throw access_denied("new row violates row-level security policy");
  co_return http::json(R"({"message":"Successfully deleted"})");
}

}  // namespace storage
