// multipart/form-data (RFC 7578), read part by part from a streamed request. With rq.csrf_pending a valid `_csrf` field
// must come first (Problem 403 csrf).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/task.h"
#include "http/request.h"

namespace http {

struct Part {
  std::string name;
  std::optional<std::string> filename;  // set: a file
  std::string content_type;
};

class Multipart {
 public:
  explicit Multipart(Request& rq);  // throws Problem 415 when the request is no multipart/form-data
  ~Multipart();
  core::Task<std::optional<Part>> next();                   // skips what is left of the part before; nothing at the end
  core::Task<std::string_view> read();                      // of the current part; empty at its end
  core::Task<std::string> text(std::size_t limit = 65536);  // the whole current part; Problem 413 beyond

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
