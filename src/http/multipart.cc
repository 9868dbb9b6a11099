#include "http/multipart.h"

#include "core/crypto.h"
#include "core/problem.h"
#include "http/parse/multipart_parser.h"

namespace http {
namespace {

using Event = parse::MultipartParser::Event;

core::Problem malformed() { return core::Problem(400, "http.bad_multipart"); }
core::Problem csrf_refused() { return core::Problem(403, "http.csrf"); }

std::string required_boundary(const Request& rq) {
  auto boundary = parse::boundary_of(rq.header("content-type"));
  if (!boundary) throw core::Problem(415, "http.unsupported_media_type.multipart");
  return *std::move(boundary);
}

}  // namespace

struct Multipart::Impl {
  explicit Impl(Request& request) : rq(request), scanner(required_boundary(request)) {
    if (rq.stream == nullptr) scanner.feed(rq.body);
  }
  Request& rq;
  parse::MultipartParser scanner;
  bool in_part = false;
  bool ended = false;

  Task<Event> next_event() {
    for (;;) {
      const Event event = scanner.next();
      if (event == Event::malformed) throw malformed();
      if (event != Event::more) co_return event;
      if (rq.stream == nullptr) throw malformed();
      const std::string_view bytes = co_await rq.stream->read();
      if (bytes.empty()) throw malformed();
      scanner.feed(bytes);
    }
  }

  Task<std::string_view> read() {
    if (!in_part) co_return std::string_view{};
    const Event event = co_await next_event();
    if (event == Event::data) co_return scanner.data();
    in_part = false;
    co_return std::string_view{};
  }

  Task<std::string> text(std::size_t limit) {
    std::string out;
    for (;;) {
      const std::string_view bytes = co_await read();
      if (bytes.empty()) co_return out;
      if (out.size() + bytes.size() > limit) throw core::Problem(413, "http.field_too_large");
      out += bytes;
    }
  }

  // The token comes before any other field, so that no part is acted on before the form is known to be ours.
  Task<> check_token(const Part& part) {
    if (part.name != "_csrf" || part.filename) throw csrf_refused();
    const std::string sent = co_await text(4096);
    if (rq.csrf_token.empty() || !core::equal_constant_time(sent, rq.csrf_token)) throw csrf_refused();
    rq.csrf_pending = false;
  }

  // Reads what follows the closing delimiter, so that the next request can be found behind it.
  Task<> finish() {
    ended = true;
    if (rq.csrf_pending) throw csrf_refused();
    if (rq.stream == nullptr) co_return;
    std::size_t dropped = 0;
    for (;;) {
      const std::string_view bytes = co_await rq.stream->read();
      dropped += bytes.size();
      if (bytes.empty() || dropped > 65536) co_return;
    }
  }
};

Multipart::Multipart(Request& rq) : impl_(std::make_unique<Impl>(rq)) {}
Multipart::~Multipart() = default;

Task<std::optional<Part>> Multipart::next() {
  while (impl_->in_part) co_await impl_->read();
  while (!impl_->ended) {
    const Event event = co_await impl_->next_event();
    if (event == Event::end) {
      co_await impl_->finish();
      break;
    }
    impl_->in_part = true;
    std::optional<Part> part = impl_->scanner.part();
    if (!impl_->rq.csrf_pending) co_return part;
    co_await impl_->check_token(*part);
  }
  co_return std::nullopt;
}

Task<std::string_view> Multipart::read() { return impl_->read(); }
Task<std::string> Multipart::text(std::size_t limit) { return impl_->text(limit); }

}  // namespace http
