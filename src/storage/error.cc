#include "storage/error.h"

#include <algorithm>
#include <array>

#include "core/json.h"
#include "core/log.h"
#include "html/messages.h"

namespace storage {

StorageError bucket_not_found() { return {"404", "NoSuchBucket", "Bucket not found", "Bucket not found"}; }
StorageError object_not_found() { return {"404", "NoSuchKey", "not_found", "Object not found"}; }
StorageError file_missing() { return {"404", "NoSuchKey", "Not found", "The resource was not found"}; }
StorageError duplicate() { return {"409", "KeyAlreadyExists", "Duplicate", "The resource already exists"}; }
StorageError access_denied(const std::string& message) { return {"403", "AccessDenied", "Unauthorized", message}; }
StorageError invalid_key(std::string_view key) {
  return {"400", "InvalidKey", "InvalidKey", "Invalid key: " + std::string(key)};
}
StorageError invalid_mime(std::string_view type) {
  return {"415", "InvalidMimeType", "invalid_mime_type", "mime type " + std::string(type) + " is not supported"};
}
StorageError invalid_request(const std::string& message) {
  return {"400", "InvalidRequest", "InvalidRequest", message};
}
StorageError too_large() {
  return {"413", "EntityTooLarge", "Payload too large", "The object exceeded the maximum allowed size"};
}

StorageError database_error(const pg::Error& e) {
  if (e.sqlstate == "42501") return access_denied(e.what());
  if (e.sqlstate == "23505") return duplicate();
  if (e.sqlstate == "23503") return bucket_not_found();
  if (e.sqlstate == "22P05" || e.sqlstate == "22021")
    return invalid_request("The text holds a character that cannot be stored");
  core::log::error("storage.statement.failed",
                   {{"statement", e.statement}, {"state", e.sqlstate}, {"message", e.what()}});
  return {"500", "DatabaseError", "DatabaseError", "The database refused the request"};
}

http::Response error_response(const StorageError& error, int http_status) {
  core::JsonWriter w;
  w.begin().field("statusCode", error.status).field("error", error.error).field("message", error.message);
  w.field("code", error.code).end();
  return http::json(w.take(), http_status);
}

http::Response format_error(const http::Request&, const core::Problem& problem) {
  if (problem.status == 413) return error_response(too_large());
  const std::string status = std::to_string(problem.status);
  const std::string sentence = html::message("en", problem);
  const bool refused = problem.status < 500 || problem.status == 501 || problem.status == 505;
  const StorageError error = refused ? StorageError(status, "InvalidRequest", "InvalidRequest", sentence)
                                     : StorageError(status, "InternalError", "Internal", sentence);
  // Storage answers 400 to what its endpoints refuse. What is wrong with the HTTP request itself keeps its own status.
  static constexpr std::array kHttpErrors{405, 408, 414, 417, 431, 501, 505};
  const bool is_http_error = std::ranges::find(kHttpErrors, problem.status) != kHttpErrors.end();
  http::Response response = error_response(error, refused && !is_http_error ? 400 : problem.status);
  for (const auto& [name, value] : problem.headers) response.headers.set(name, value);
  return response;
}

}  // namespace storage
