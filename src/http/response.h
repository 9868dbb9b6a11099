// Responses. Header values are checked for CR, LF and NUL when they are written. The server adds Content-Length, Date,
// Connection, nosniff, CSP and the other fixed headers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "core/problem.h"
#include "http/request.h"

namespace http {

// Writes a streamed body (chunked, or with the length given). write() waits while the client is slow; throws
// std::runtime_error when it disconnected or has not read for 20 s.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual Task<> write(std::string_view bytes) = 0;
};

struct FileBody {  // http::file() makes it, and handles ranges, ETag and conditional requests
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
struct StaticBody {  // lives as long as the process
  std::string_view bytes;
};
struct StreamBody {
  std::function<Task<>(BodyWriter&)> write;  // the function object is kept alive while it runs
  std::optional<std::uint64_t> length;
};

struct Response {
  int status = 200;
  Headers headers;
  std::variant<std::string, FileBody, StaticBody, StreamBody> body;

  Response&& header(std::string name, std::string value) && {
    headers.set(std::move(name), std::move(value));
    return std::move(*this);
  }
  Response&& cookie(std::string set_cookie) && {
    headers.add("Set-Cookie", std::move(set_cookie));
    return std::move(*this);
  }
};

Response json(std::string body, int status = 200);  // application/json; charset=utf-8, no-store
Response text(std::string body, int status = 200);  // text/plain; charset=utf-8
Response empty(int status = 204);
Response redirect(std::string location, int status = 303);  // location is a path of this site or a validated URL
// {"error","code","request_id"}, in plain English: where no group has an error format of its own (http/route_group.h).
Response problem(const core::Problem& problem, const Request& rq);

// A file with Content-Type, ETag and Last-Modified: 200, 206 (one range), 304 or 416, by the request's headers.
struct FileMeta {
  std::string content_type;
  std::string etag;           // with its quotes
  std::int64_t modified = 0;  // unix seconds
  std::string cache_control;
};
Response file(const Request& rq, std::string path, std::uint64_t size, FileMeta meta);

// Server-sent events (WHATWG HTML 9.2). The function runs until it returns or the client disconnects.
class EventStream {
 public:
  explicit EventStream(BodyWriter& writer) : writer_(&writer) {}
  Task<> send(std::string event, std::string data, std::string id = "");  // data may hold several lines
  Task<> comment();                                                       // heartbeat, so that proxies do not close
 private:
  BodyWriter* writer_;
};
Response events(std::function<Task<>(EventStream&)> run);

}  // namespace http
