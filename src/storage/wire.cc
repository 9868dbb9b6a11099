#include "storage/wire.h"

#include <algorithm>
#include <array>

#include "core/json.h"
#include "core/log.h"
#include "html/messages.h"
#include "pg/error.h"
#include "pg/transient.h"
#include "storage/key.h"

namespace storage {

WireError no_such_bucket() { return {"404", "NoSuchBucket", "Bucket not found", "Bucket not found"}; }
WireError no_such_key() { return {"404", "NoSuchKey", "not_found", "Object not found"}; }
WireError bytes_missing() { return {"404", "NoSuchKey", "Not found", "The resource was not found"}; }
WireError duplicate() { return {"409", "KeyAlreadyExists", "Duplicate", "The resource already exists"}; }
WireError access_denied(const std::string& message) { return {"403", "AccessDenied", "Unauthorized", message}; }
WireError invalid_key(std::string_view key) {
  return {"400", "InvalidKey", "InvalidKey", "Invalid key: " + std::string(key)};
}
WireError invalid_mime(std::string_view type) {
  return {"415", "InvalidMimeType", "invalid_mime_type", "mime type " + std::string(type) + " is not supported"};
}
WireError invalid_request(const std::string& message) { return {"400", "InvalidRequest", "InvalidRequest", message}; }
WireError too_large() {
  return {"413", "EntityTooLarge", "Payload too large", "The object exceeded the maximum allowed size"};
}

namespace {

http::Response answer(const WireError& e, int http_status) {
  core::JsonWriter w;
  w.begin().field("statusCode", e.status).field("error", e.error).field("message", e.message);
  w.field("code", e.code).end();
  return http::json(w.take(), http_status);
}

// What Postgres refused, as the wire says it.
WireError meaning_of(const pg::Error& e) {
  if (e.sqlstate == "42501") return access_denied(e.what());
  if (e.sqlstate == "23505") return duplicate();
  if (e.sqlstate == "23503") return no_such_bucket();
  if (e.sqlstate == "22P05" || e.sqlstate == "22021")
    return invalid_request("The text holds a character that cannot be stored");
  core::log::error("storage.statement.failed", {{"statement", e.statement}, {"state", e.sqlstate}, {"what", e.what()}});
  return {"500", "DatabaseError", "DatabaseError", "The database refused the request"};
}

}  // namespace

http::Response wire_problem(const core::Problem& problem) {
  if (problem.status == 413) return answer(too_large(), 400);
  const std::string status = std::to_string(problem.status);
  const bool refused = problem.status < 500 || problem.status == 501 || problem.status == 505;
  const WireError error = refused ? WireError(status, "InvalidRequest", "InvalidRequest", html::message("en", problem))
                                  : WireError(status, "InternalError", "Internal", html::message("en", problem));
  // The wire says 400 to whatever its own handlers refuse. What is no request keeps the status of HTTP.
  static constexpr std::array kOfHttp{405, 408, 414, 417, 431, 501, 505};
  const bool of_http = std::ranges::find(kOfHttp, problem.status) != kOfHttp.end();
  auto response = answer(error, refused && !of_http ? 400 : problem.status);
  for (const auto& [name, value] : problem.headers) response.headers.set(name, value);
  return response;
}

namespace {

Task<http::Response> run(Storage& storage, http::Request& rq, UseCase use_case) {
  try {
    co_return co_await use_case(storage, rq);
  } catch (const WireError& e) {
    co_return answer(e, 400);
  } catch (const pg::Error& e) {
    if (pg::is_transient(e.sqlstate)) throw;  // 503, as everywhere
    const WireError meant = meaning_of(e);
    co_return answer(meant, meant.status == "500" ? 500 : 400);
  } catch (const core::Problem& problem) {
    co_return wire_problem(problem);
  }
}

}  // namespace

http::Handler on_wire(Storage& storage, UseCase use_case) {
  return [&storage, use_case](http::Request& rq) { return run(storage, rq, use_case); };
}

pg::As caller_of(const http::Request& rq) {
  if (!has_token(rq)) return pg::as_claims("anon", R"({"role":"anon"})");
  return pg::as_claims(rq.caller.role, rq.caller.claims);
}

bool has_token(const http::Request& rq) { return rq.caller.kind != http::Caller::Kind::nobody; }

void need_token(const http::Request& rq) {
  if (has_token(rq)) return;
  throw access_denied(rq.header("authorization").empty() ? "No authorization token was given" : "Invalid Compact JWS");
}

std::string bucket_in(const http::Request& rq) {
  const std::string_view bucket = rq.param("bucket");
  if (!valid_bucket(bucket)) throw no_such_bucket();
  return std::string(bucket);
}

std::string key_in(const http::Request& rq) {
  const std::string_view key = rq.param("key");
  if (!valid_key(key)) throw invalid_key(key);
  return std::string(key);
}

core::Json object_in(const http::Request& rq) {
  const auto body = core::Json::parse(rq.body);
  if (!body || !body->is_object()) throw invalid_request("body must be object");
  return *body;
}

}  // namespace storage
