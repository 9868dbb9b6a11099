// What every use case of /storage/v1 shares: the shape of its errors and for whom a request speaks. An error of the
// wire is HTTP 400 whatever it is; what is meant stands in the body, as Supabase's clients expect.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "http/router.h"
#include "pg/pg.h"
#include "storage/storage.h"

namespace storage {

struct WireError : std::exception {
  WireError(std::string status_text, std::string code_name, std::string short_name, std::string sentence)
      : status(std::move(status_text)),
        code(std::move(code_name)),
        error(std::move(short_name)),
        message(std::move(sentence)) {}
  const char* what() const noexcept override { return message.c_str(); }
  std::string status, code, error, message;
};

WireError no_such_bucket();
WireError no_such_key();
WireError bytes_missing();
WireError duplicate();
WireError access_denied(const std::string& message);
WireError invalid_key(std::string_view key);
WireError invalid_mime(std::string_view type);
WireError invalid_request(const std::string& message);
WireError too_large();

using UseCase = Task<http::Response> (*)(Storage&, http::Request&);
// The use case with its errors answered in the wire's shape.
http::Handler on_wire(Storage& storage, UseCase use_case);

// The caller's role and claims; anon when there is no valid token.
pg::As caller_of(const http::Request& rq);
bool has_token(const http::Request& rq);
void need_token(const http::Request& rq);  // throws access_denied

// {bucket} and {key...} of the route. A key that no object may have throws invalid_key.
std::string bucket_in(const http::Request& rq);
std::string key_in(const http::Request& rq);
// The body as a JSON object; throws invalid_request.
core::Json object_in(const http::Request& rq);

}  // namespace storage
