// Writing answers: head and small bodies in one go, files by the kernel, streams in chunks.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>

#include "core/log.h"
#include "http/serve/connection.h"
#include "http/serve/streams.h"

namespace http::serve {
namespace {

constexpr std::size_t kFilePiece = 256 << 10;

class ClientGone : public std::runtime_error {
 public:
  ClientGone() : std::runtime_error("the client has left or does not read") {}
};

class StreamWriter final : public BodyWriter {
 public:
  StreamWriter(Connection& connection, Exchange& exchange, const Policy::Framing& framing)
      : connection_(connection), exchange_(exchange), framing_(framing) {}

  core::Task<> write(std::string_view bytes) override {
    if (bytes.empty()) co_return;
    if (framing_.length && exchange_.sent + bytes.size() > *framing_.length)
      throw std::logic_error("a streamed answer is longer than it said");
    bool whole = false;
    if (framing_.chunked) {
      const std::string size = fmt::format("{:x}\r\n", bytes.size());
      whole = co_await connection_.send(size, bytes, "\r\n");
    } else {
      whole = co_await connection_.send(bytes);
    }
    if (!whole) throw ClientGone();
    exchange_.sent += bytes.size();
  }

 private:
  Connection& connection_;
  Exchange& exchange_;
  const Policy::Framing& framing_;
};

struct OpenFile {
  int fd = -1;
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
};

core::Problem too_many_streams() {
  core::Problem problem(429, "too_many_streams", "You follow too much at once. Close a tab and try again.");
  problem.headers.emplace_back("Retry-After", "10");
  return problem;
}

std::string_view bytes_of(const Response& answer) {
  if (const auto* text = std::get_if<std::string>(&answer.body)) return *text;
  if (const auto* fixed = std::get_if<StaticBody>(&answer.body)) return fixed->bytes;
  return {};
}

}  // namespace

core::Task<bool> Connection::send(std::string_view first, std::string_view second, std::string_view third) {
  std::array<iovec, 3> parts{};
  std::size_t count = 0;
  for (std::string_view part : {first, second, third})
    if (!part.empty()) parts[count++] = {const_cast<char*>(part.data()), part.size()};
  std::size_t at = 0;
  while (at < count) {
    msghdr message{};
    message.msg_iov = parts.data() + at;
    message.msg_iovlen = count - at;
    const ssize_t n = closed_ ? -1 : ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && !closed_ && errno == EINTR) continue;
    if (n < 0 && !closed_ && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      const Wait woken = co_await writable(std::chrono::steady_clock::now() + hub_.config.timeouts.reader);
      if (woken == Wait::ready) continue;
    }
    if (n < 0) {
      left_ = true;
      co_return false;
    }
    auto sent = static_cast<std::size_t>(n);
    while (at < count && sent >= parts[at].iov_len) sent -= parts[at++].iov_len;
    if (at < count) parts[at] = {static_cast<char*>(parts[at].iov_base) + sent, parts[at].iov_len - sent};
  }
  co_return true;
}

core::Task<bool> Connection::send_file(int file, const FileBody& body, Exchange& x) {
  auto offset = static_cast<off_t>(body.offset);
  std::size_t in_a_row = 0;
  while (x.sent < body.length) {
    const std::size_t piece = std::min<std::uint64_t>(body.length - x.sent, kFilePiece);
    const ssize_t n = ::sendfile(socket_.native_handle(), file, &offset, piece);
    if (n > 0) {
      x.sent += static_cast<std::uint64_t>(n);
      in_a_row += static_cast<std::size_t>(n);
    } else if (n == 0) {
      co_return false;  // the file is shorter than it was
    } else if (errno != EAGAIN && errno != EINTR) {
      left_ = true;
      co_return false;
    }
    if (n > 0 && in_a_row < 4 * kFilePiece) continue;
    in_a_row = 0;  // a fast reader lets the loop's other connections have their turn
    const Wait woken = co_await writable(std::chrono::steady_clock::now() + hub_.config.timeouts.reader);
    if (woken != Wait::ready) {
      left_ = true;
      co_return false;
    }
  }
  co_return true;
}

core::Task<bool> Connection::send_stream(const StreamBody& body, const Policy::Framing& framing, Exchange& x) {
  StreamWriter writer(*this, x, framing);
  x.endless = !body.length;
  if (x.endless && hub_.draining) x.context->stop.request_stop();
  try {
    co_await body.write(writer);
  } catch (const ClientGone&) {
    co_return false;
  } catch (const std::exception& e) {
    if (!left_) core::log::error("http.answer.broke_off", {{"route", x.rq.route}, {"what", e.what()}});
    co_return false;
  } catch (...) {
    core::log::error("http.answer.broke_off", {{"route", x.rq.route}, {"what", "not an exception"}});
    co_return false;
  }
  x.endless = false;
  if (framing.length) co_return x.sent == *framing.length;
  if (framing.chunked) co_return co_await send("0\r\n\r\n");
  co_return true;
}

core::Task<bool> Connection::respond(std::shared_ptr<Exchange> x, Response answer) {
  OpenFile file;
  if (const auto* body = std::get_if<FileBody>(&answer.body)) {
    file.fd = ::open(body->path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file.fd < 0) {
      const bool gone = errno == ENOENT;
      core::log::error("http.file.not_opened", {{"route", x->rq.route}, {"errno", errno}});
      answer = answer_of(*x, gone ? core::Problem(404, "not_found", "There is nothing here.")
                                  : core::Problem(503, "storage_unavailable", "The file cannot be read just now."));
    }
  }
  std::optional<StreamSlot> slot;
  if (answer.headers.get("content-type").starts_with("text/event-stream")) {
    slot = StreamSlot::take(x->rq.caller.signed_in() ? x->rq.caller.user.str() : x->rq.client_ip,
                            hub_.config.streams_each);
    if (!slot) answer = answer_of(*x, too_many_streams());
  }
  compress_public_page(x->rq, answer);
  const bool bare = answer.status == 204 || answer.status == 304;
  const bool with_body = x->head.method != Method::head && !bare;
  Policy::Framing framing{.keep_alive = x->head.keep_alive && !hub_.draining && !x->abandoned && finish_body(*x),
                          .http_1_0 = x->head.minor == 0,
                          .chunked = false,
                          .length = std::nullopt};
  if (const auto* body = std::get_if<FileBody>(&answer.body)) {
    framing.length = body->length;
  } else if (const auto* stream = std::get_if<StreamBody>(&answer.body)) {
    framing.length = stream->length;
    framing.chunked = !stream->length && with_body && !framing.http_1_0;
    framing.keep_alive = framing.keep_alive && (stream->length || framing.chunked || !with_body);
  } else if (!bare) {
    framing.length = bytes_of(answer).size();
  }
  std::string head;
  try {
    head = hub_.policy.write_head(x->rq, answer, framing);
  } catch (const std::logic_error& e) {
    core::log::error("http.answer.refused", {{"route", x->rq.route}, {"what", e.what()}});
    x->rq.set_cookies.clear();
    answer = http::problem(core::Problem(500, "internal", "Something failed on our side. It has been logged."), x->rq);
    framing.chunked = false;
    framing.length = bytes_of(answer).size();
    head = hub_.policy.write_head(x->rq, answer, framing);
  }
  const std::string_view bytes = with_body ? bytes_of(answer) : std::string_view{};
  bool whole = co_await send(head, bytes);
  if (whole) x->sent += bytes.size();
  if (whole && with_body) {
    if (const auto* body = std::get_if<FileBody>(&answer.body)) whole = co_await send_file(file.fd, *body, *x);
    if (const auto* stream = std::get_if<StreamBody>(&answer.body)) whole = co_await send_stream(*stream, framing, *x);
  }
  if (whole && framing.keep_alive) co_return true;
  if (whole) co_await linger();
  co_return false;
}

}  // namespace http::serve
