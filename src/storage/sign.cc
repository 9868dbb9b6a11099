#include <set>

#include "core/json.h"
#include "storage/endpoints.h"
#include "storage/objects.h"
#include "storage/signed_url.h"
#include "storage/upload.h"

namespace storage {

namespace {

constexpr std::size_t kMaxPaths = 1000;
constexpr std::int64_t kUploadUrlSeconds = 7200;
constexpr const char* kNotFound = "Either the object does not exist or you do not have access to it";

std::int64_t seconds_in(const core::Json& body, const StorageContext& context) {
  const auto seconds = body["expiresIn"].integer();
  if (!seconds || *seconds < 1) throw invalid_request("body/expiresIn must be >= 1");
  if (*seconds > context.config.max_link_seconds)
    throw invalid_request("body/expiresIn must be <= " + std::to_string(context.config.max_link_seconds));
  return *seconds;
}

// Relative to /storage/v1 and not percent-encoded: clients join and encode it themselves.
std::string relative_url(const StorageContext& context, const std::string& path, std::int64_t seconds) {
  return "/object/sign/" + path + "?token=" + download_token(context, path, seconds);
}

}  // namespace

Task<http::Response> sign_one(Storage& storage, http::Request& rq) {
  StorageContext& context = storage.context();
  require_token(rq);
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  const std::int64_t seconds = seconds_in(json_object_in(rq), context);
  if (!co_await find_row(context.db, caller_of(rq), bucket, key)) throw object_not_found();
  core::JsonWriter w;
  w.begin().field("signedURL", relative_url(context, bucket + "/" + key, seconds)).end();
  co_return http::json(w.take());
}

Task<http::Response> sign_many(Storage& storage, http::Request& rq) {
  StorageContext& context = storage.context();
  require_token(rq);
  const std::string bucket = bucket_in(rq);
  const core::Json body = json_object_in(rq);
  const std::int64_t seconds = seconds_in(body, context);
  std::vector<std::string> paths;
  for (const core::Json& path : body["paths"].elements()) {
    if (!path.is_string()) throw invalid_request("body/paths must be array of strings");
    paths.push_back(*path.string());
  }
  if (paths.empty() || paths.size() > kMaxPaths) throw invalid_request("body/paths must have 1 to 1000 items");
  const auto names = co_await visible_keys(context.db, caller_of(rq), bucket, paths);
  const std::set<std::string> visible(names.begin(), names.end());
  core::JsonWriter w;
  w.begin_array();
  for (const std::string& path : paths) {
    w.begin().field("path", path);
    if (visible.contains(path) && valid_key(path))
      w.field("signedURL", relative_url(context, bucket + "/" + path, seconds)).key("error").null();
    else w.key("signedURL").null().field("error", kNotFound);
    w.end();
  }
  w.end_array();
  co_return http::json(w.take());
}

Task<http::Response> sign_upload(Storage& storage, http::Request& rq) {
  StorageContext& context = storage.context();
  require_token(rq);
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  const bool upsert = rq.header("x-upsert") == "true";
  co_await check_may_write(context, rq, bucket, key, upsert ? OnConflict::replace : OnConflict::refuse);
  SignedUrlClaims claims;
  claims.scope = Scope::upload;
  claims.path = bucket + "/" + key;
  claims.issued = core::unix_seconds(context.clock.now());
  claims.expires = claims.issued + kUploadUrlSeconds;
  claims.upsert = upsert;
  if (rq.caller.signed_in()) claims.owner = rq.caller.user.str();
  const std::string token = sign_token(context.config.signing_key, claims);
  core::JsonWriter w;
  w.begin().field("url", "/object/upload/sign/" + claims.path + "?token=" + token).field("token", token).end();
  co_return http::json(w.take());
}

}  // namespace storage
