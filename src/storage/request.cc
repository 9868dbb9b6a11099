#include "storage/request.h"

#include "storage/key.h"

namespace storage {

pg::As caller_of(const http::Request& rq) {
  if (!has_token(rq)) return pg::as_claims("anon", R"({"role":"anon"})");
  return pg::as_claims(rq.caller.role, rq.caller.claims);
}

bool has_token(const http::Request& rq) { return rq.caller.kind != http::Caller::Kind::nobody; }

void require_token(const http::Request& rq) {
  if (has_token(rq)) return;
  throw access_denied(rq.header("authorization").empty() ? "No authorization token was given" : "Invalid Compact JWS");
}

std::string bucket_in(const http::Request& rq) {
  const std::string_view bucket = rq.param("bucket");
  if (!valid_bucket(bucket)) throw bucket_not_found();
  return std::string(bucket);
}

std::string key_in(const http::Request& rq) {
  const std::string_view key = rq.param("key");
  if (!valid_key(key)) throw invalid_key(key);
  return std::string(key);
}

core::Json json_object_in(const http::Request& rq) {
  const auto body = core::Json::parse(rq.body);
  if (!body || !body->is_object()) throw invalid_request("body must be object");
  return *body;
}

}  // namespace storage
