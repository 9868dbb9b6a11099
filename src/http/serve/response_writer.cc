#include "http/serve/response_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>

#include "core/log.h"
#include "http/serve/compress.h"
#include "http/serve/slots.h"

namespace http::serve {
namespace {

constexpr std::size_t kFilePiece = 256 << 10;
constexpr std::size_t kLargeBody = 256 << 10;
constexpr int kUnreadKib = 32 << 10;  // of large bodies, of one caller in the process (docs/spec/security.md 1.11)

class ClientGone : public std::runtime_error {
 public:
  ClientGone() : std::runtime_error("the client disconnected or does not read") {}
};

class StreamWriter final : public BodyWriter {
 public:
  StreamWriter(ClientSocket& socket, Exchange& exchange, const Framing& framing)
      : socket_(socket), exchange_(exchange), framing_(framing) {}

  core::Task<> write(std::string_view bytes) override {
    if (bytes.empty()) co_return;
    if (framing_.length && exchange_.sent + bytes.size() > *framing_.length)
      throw std::logic_error("a streamed response is longer than its stated length");
    bool whole = false;
    if (framing_.chunked) {
      const std::string size = fmt::format("{:x}\r\n", bytes.size());
      whole = co_await socket_.send(size, bytes, "\r\n");
    } else {
      whole = co_await socket_.send(bytes);
    }
    if (!whole) throw ClientGone();
    exchange_.sent += bytes.size();
  }

 private:
  ClientSocket& socket_;
  Exchange& exchange_;
  const Framing& framing_;
};

// The descriptor of a FileBody, opened before the head promises it.
struct OpenFile {
  int fd = -1;
  explicit OpenFile(const FileBody* body) {
    if (body) fd = ::open(body->path.c_str(), O_RDONLY | O_CLOEXEC);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
};

core::Problem file_problem(int error) {
  return error == ENOENT ? core::Problem(404, "http.not_found") : core::Problem(503, "http.storage_unavailable");
}

core::Problem too_many_streams() {
  core::Problem problem(429, "http.too_many_streams");
  problem.headers.emplace_back("Retry-After", "10");
  return problem;
}

bool is_event_stream(const Response& response) {
  return response.headers.get("content-type").starts_with("text/event-stream");
}

std::string stream_owner(const Request& rq) { return rq.caller.signed_in() ? rq.caller.user.str() : rq.client_ip; }

// A large body stays in memory until its client has read it, so one caller may have few of them.
std::optional<Slot> place_of_body(const Exchange& x, Response& response) {
  const auto* const body = std::get_if<std::string>(&response.body);
  if (body == nullptr || body->size() < kLargeBody || x.context->caller.empty()) return std::nullopt;
  auto place = Slot::take(Slot::Of::body_kib, x.context->caller, kUnreadKib,
                          std::min(kUnreadKib, static_cast<int>(body->size() >> 10)));
  if (place) return place;
  core::Problem problem(429, "http.too_many_requests");
  problem.headers.emplace_back("Retry-After", "5");
  response = error_response(x.rq, problem);
  return std::nullopt;
}

std::string_view bytes_of(const Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
  if (const auto* fixed = std::get_if<StaticBody>(&response.body)) return fixed->bytes;
  return {};
}

bool has_no_body(const Response& response) { return response.status == 204 || response.status == 304; }

Framing framing_of(const Exchange& x, const Response& response, bool keep_alive) {
  Framing framing{.keep_alive = keep_alive, .http_1_0 = x.head.minor == 0};
  if (const auto* file = std::get_if<FileBody>(&response.body)) {
    framing.length = file->length;
  } else if (const auto* stream = std::get_if<StreamBody>(&response.body)) {
    const bool with_body = x.head.method != Method::head && !has_no_body(response);
    framing.length = stream->length;
    framing.chunked = !stream->length && with_body && !framing.http_1_0;
    framing.keep_alive = keep_alive && (stream->length || framing.chunked || !with_body);
  } else if (!has_no_body(response)) {
    framing.length = bytes_of(response).size();
  }
  return framing;
}

}  // namespace

core::Task<bool> ResponseWriter::send_file(int file, const FileBody& body, Exchange& x) {
  auto offset = static_cast<off_t>(body.offset);
  std::size_t in_a_row = 0;
  while (x.sent < body.length) {
    const std::size_t piece = std::min<std::uint64_t>(body.length - x.sent, kFilePiece);
    const ssize_t n = ::sendfile(socket_.fd(), file, &offset, piece);
    if (n > 0) {
      x.sent += static_cast<std::uint64_t>(n);
      in_a_row += static_cast<std::size_t>(n);
    } else if (n == 0) {
      co_return false;  // the file is shorter than it was
    } else if (errno != EAGAIN && errno != EINTR) {
      socket_.set_gone();
      co_return false;
    }
    if (n > 0 && in_a_row < 4 * kFilePiece) continue;
    in_a_row = 0;  // a fast reader gives the loop's other connections their turn
    const Wake woken = co_await socket_.writable_in_time();
    if (woken != Wake::ready) {
      socket_.set_gone();
      co_return false;
    }
  }
  co_return true;
}

core::Task<bool> ResponseWriter::send_stream(const StreamBody& body, const Framing& framing, Exchange& x) {
  StreamWriter writer(socket_, x, framing);
  x.endless = !body.length;
  if (x.endless && server_.draining) x.context->stop.request_stop();
  try {
    co_await body.write(writer);
  } catch (const ClientGone&) {
    co_return false;
  } catch (const std::exception& e) {
    if (!socket_.gone()) core::log::error("http.response.broke_off", {{"route", x.rq.route}, {"what", e.what()}});
    co_return false;
  } catch (...) {
    core::log::error("http.response.broke_off", {{"route", x.rq.route}, {"what", "not an exception"}});
    co_return false;
  }
  x.endless = false;
  if (framing.length) co_return x.sent == *framing.length;
  if (framing.chunked) co_return co_await socket_.send("0\r\n\r\n");
  co_return true;
}

// A header that would break out of its line is a bug of ours: the client gets a bare 500 instead.
std::string ResponseWriter::head_of(Exchange& x, Response& response, Framing& framing) {
  try {
    return server_.head_writer.write(x.rq, response, framing);
  } catch (const std::logic_error& e) {
    core::log::error("http.response.refused", {{"route", x.rq.route}, {"what", e.what()}});
  }
  x.rq.set_cookies.clear();
  response = http::problem(core::Problem(500, "http.internal"), x.rq);
  framing.chunked = false;
  framing.length = bytes_of(response).size();
  return server_.head_writer.write(x.rq, response, framing);
}

core::Task<ResponseWriter::Written> ResponseWriter::write(Exchange& x, Response response, bool keep_alive) {
  const OpenFile file(std::get_if<FileBody>(&response.body));
  if (std::holds_alternative<FileBody>(response.body) && file.fd < 0) {
    const int error = errno;
    core::log::error("http.file.not_opened", {{"route", x.rq.route}, {"errno", error}});
    response = error_response(x.rq, file_problem(error));
  }
  std::optional<Slot> slot;
  if (is_event_stream(response)) {
    slot = Slot::take(Slot::Of::stream, stream_owner(x.rq), server_.config.streams_each);
    if (!slot) response = error_response(x.rq, too_many_streams());
  }
  const std::optional<Slot> unread = place_of_body(x, response);
  compress_public_page(x.rq, response);
  Framing framing = framing_of(x, response, keep_alive);
  const std::string head = head_of(x, response, framing);
  const bool with_body = x.head.method != Method::head && !has_no_body(response);
  const std::string_view bytes = with_body ? bytes_of(response) : std::string_view{};
  bool whole = co_await socket_.send(head, bytes);
  if (whole) x.sent += bytes.size();
  if (whole && with_body) {
    if (const auto* body = std::get_if<FileBody>(&response.body)) whole = co_await send_file(file.fd, *body, x);
    if (const auto* stream = std::get_if<StreamBody>(&response.body)) whole = co_await send_stream(*stream, framing, x);
  }
  if (!whole) co_return Written::broken;
  co_return framing.keep_alive ? Written::keep_alive : Written::close;
}

}  // namespace http::serve
