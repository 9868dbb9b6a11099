#include "storage/sign.h"

#include <set>

#include "core/json.h"
#include "storage/grant.h"
#include "storage/objects.h"
#include "storage/upload.h"

namespace storage {

namespace {

constexpr std::size_t kMostPaths = 1000;
constexpr std::int64_t kUploadLinkSeconds = 7200;
constexpr const char* kNotThere = "Either the object does not exist or you do not have access to it";

WireError invalid_jwt(const std::string& message) { return {"400", "InvalidJWT", "InvalidJWT", message}; }
WireError invalid_signature(const std::string& message) {
  return {"400", "InvalidSignature", "InvalidSignature", message};
}

std::int64_t seconds_in(const core::Json& body, const Parts& parts) {
  const auto seconds = body["expiresIn"].integer();
  if (!seconds || *seconds < 1) throw invalid_request("body/expiresIn must be >= 1");
  if (*seconds > parts.config.max_link_seconds)
    throw invalid_request("body/expiresIn must be <= " + std::to_string(parts.config.max_link_seconds));
  return *seconds;
}

// Relative to /storage/v1 and not percent-encoded: the client joins and encodes it.
std::string link(const Parts& parts, const std::string& url, std::int64_t seconds) {
  const std::int64_t now = core::unix_seconds(parts.clock.now());
  Grant grant;
  grant.url = url;
  grant.issued = now;
  grant.expires = now + seconds;
  return "/object/sign/" + url + "?token=" + sign(parts.config.signing_key, grant);
}

}  // namespace

Grant granted(const Parts& parts, const http::Request& rq, Scope scope, const std::string& url) {
  const auto token = rq.query("token");
  if (!token || token->empty()) throw invalid_request("querystring must have required property 'token'");
  auto judged = verify(parts.config.signing_key, *token, scope, url, core::unix_seconds(parts.clock.now()));
  if (auto* grant = std::get_if<Grant>(&judged)) return std::move(*grant);
  switch (std::get<TokenFault>(judged)) {
    case TokenFault::bad_signature: throw invalid_jwt("signature verification failed");
    case TokenFault::expired: throw invalid_jwt(R"("exp" claim timestamp check failed)");
    case TokenFault::other_scope:
      throw invalid_signature(scope == Scope::download ? "Token is not scoped for download"
                                                       : "Token is not scoped for upload");
    case TokenFault::other_url: throw invalid_signature("Invalid signature");
    case TokenFault::malformed: break;
  }
  throw invalid_jwt("Invalid Compact JWS");
}

Task<http::Response> sign_one(Storage& storage, http::Request& rq) {
  Parts& parts = storage.parts();
  need_token(rq);
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  const std::int64_t seconds = seconds_in(object_in(rq), parts);
  if (!co_await find_row(parts.db, caller_of(rq), bucket, key)) throw no_such_key();
  core::JsonWriter w;
  w.begin().field("signedURL", link(parts, bucket + "/" + key, seconds)).end();
  co_return http::json(w.take());
}

Task<http::Response> sign_many(Storage& storage, http::Request& rq) {
  Parts& parts = storage.parts();
  need_token(rq);
  const std::string bucket = bucket_in(rq);
  const core::Json body = object_in(rq);
  const std::int64_t seconds = seconds_in(body, parts);
  std::vector<std::string> paths;
  for (const core::Json& path : body["paths"].elements()) {
    if (!path.is_string()) throw invalid_request("body/paths must be array of strings");
    paths.push_back(*path.string());
  }
  if (paths.empty() || paths.size() > kMostPaths) throw invalid_request("body/paths must have 1 to 1000 items");
  const auto names = co_await visible_keys(parts.db, caller_of(rq), bucket, paths);
  const std::set<std::string> visible(names.begin(), names.end());
  core::JsonWriter w;
  w.begin_array();
  for (const std::string& path : paths) {
    w.begin().field("path", path);
    if (visible.contains(path) && valid_key(path))
      w.field("signedURL", link(parts, bucket + "/" + path, seconds)).key("error").null();
    else w.key("signedURL").null().field("error", kNotThere);
    w.end();
  }
  w.end_array();
  co_return http::json(w.take());
}

Task<http::Response> sign_upload(Storage& storage, http::Request& rq) {
  Parts& parts = storage.parts();
  need_token(rq);
  const std::string bucket = bucket_in(rq);
  const std::string key = key_in(rq);
  const bool upsert = rq.header("x-upsert") == "true";
  co_await prove_may_write(parts, rq, bucket, key, upsert ? OnConflict::replace : OnConflict::refuse);
  Grant grant;
  grant.scope = Scope::upload;
  grant.url = bucket + "/" + key;
  grant.issued = core::unix_seconds(parts.clock.now());
  grant.expires = grant.issued + kUploadLinkSeconds;
  grant.upsert = upsert;
  if (rq.caller.signed_in()) grant.owner = rq.caller.user.str();
  const std::string token = sign(parts.config.signing_key, grant);
  core::JsonWriter w;
  w.begin().field("url", "/object/upload/sign/" + grant.url + "?token=" + token).field("token", token).end();
  co_return http::json(w.take());
}

}  // namespace storage
