// Reads requests off a connection: heads, and bodies with their framing, limit and pace. An idle connection holds no
// buffer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/task.h"
#include "http/parse/chunked.h"
#include "http/parse/head.h"
#include "http/serve/client_socket.h"
#include "http/server.h"

namespace http::serve {

// Either the head or why it is refused, and the path that a refused one states. Neither: the client disconnected.
struct HeadResult {
  std::optional<parse::Head> head;
  std::optional<parse::Refusal> refusal;
  std::string stated_path;
};

class RequestReader {
 public:
  RequestReader(ClientSocket& socket, const Timeouts& timeouts) : socket_(socket), timeouts_(timeouts) {}

  bool has_input() const { return !in_.empty(); }  // of a request that was not read yet
  void release_buffer() { in_ = std::string{}; }
  core::Task<HeadResult> read_head();

  // The body of the head just read follows.
  void begin_body(const parse::Head& head);
  std::uint64_t body_length() const { return body_.left; }  // as stated; 0 when chunked
  void limit_body(std::uint64_t bytes) { body_.limit = bytes; }
  bool body_read() const { return body_.done; }
  // The next piece, empty at the end, valid until the next call. Throws Problem 400, 408, 413 or 431.
  core::Task<std::string_view> read_body();
  // Drops what is left of the body as far as it has arrived. False when the next request cannot be found behind it.
  bool finish_body();

  // Reads and drops what the client still sends, for a while: closing a socket with unread bytes resets the connection,
  // and the response would be lost.
  core::Task<> linger();

 private:
  struct Body {
    std::optional<parse::ChunkDecoder> chunks;
    std::uint64_t left = 0;  // with a stated length
    std::uint64_t received = 0;
    std::uint64_t limit = 0;
    std::chrono::nanoseconds waited{0};
    SteadyTime began;
    bool done = true;
    bool continue_due = false;
  };
  core::Task<> wait_for_body();
  std::string_view take_body();
  std::string_view rest() const { return std::string_view{in_}.substr(at_); }

  ClientSocket& socket_;
  const Timeouts& timeouts_;
  std::string in_;  // received, not yet taken
  std::size_t at_ = 0;
  Body body_;
};

}  // namespace http::serve
