// Errors of /storage/v1 in Supabase Storage's format. Its clients expect HTTP 400 for every refusal and read the meant
// status from the body's `statusCode`.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "core/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "pg/error.h"

namespace storage {

struct StorageError : std::exception {
  StorageError(std::string body_status, std::string error_code, std::string short_name, std::string sentence)
      : status(std::move(body_status)),
        code(std::move(error_code)),
        error(std::move(short_name)),
        message(std::move(sentence)) {}
  const char* what() const noexcept override { return message.c_str(); }
  std::string status;  // `statusCode` of the body, not of HTTP
  std::string code, error, message;
};

StorageError bucket_not_found();
StorageError object_not_found();
StorageError file_missing();
StorageError duplicate();
StorageError access_denied(const std::string& message);
StorageError invalid_key(std::string_view key);
StorageError invalid_mime(std::string_view type);
StorageError invalid_request(const std::string& message);
StorageError too_large();
// The error that a failed statement means to the caller. Logs those that only an engineer can act on.
StorageError database_error(const pg::Error& error);

http::Response error_response(const StorageError& error, int http_status = 400);
// The error format of the route group: a Problem as one of Storage's errors.
http::Response format_error(const http::Request& rq, const core::Problem& problem);

}  // namespace storage
