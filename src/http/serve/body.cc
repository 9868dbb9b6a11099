// A request's body as it arrives: framing, limits, pace.
#include <algorithm>

#include "core/problem.h"
#include "http/serve/connection.h"

namespace http::serve {
namespace {

constexpr std::size_t kPiece = 64 << 10;

core::Problem too_large() { return {413, "request_entity_too_large", "The request body is too large."}; }
core::Problem cut_off() { return {400, "body_cut_off", "The request body ended too early."}; }
core::Problem too_slow() { return {408, "request_timeout", "The request body took too long to arrive."}; }

class StreamedBody final : public BodyReader {
 public:
  StreamedBody(Connection& connection, Exchange& exchange) : connection_(connection), exchange_(exchange) {}
  core::Task<std::string_view> read() override {
    // A handler that outlived its deadline keeps the exchange, but the connection may serve others by now.
    if (exchange_.abandoned) throw too_slow();
    return connection_.read_body(exchange_);
  }

 private:
  Connection& connection_;
  Exchange& exchange_;
};

}  // namespace

void Connection::open_body(Exchange& x) {
  x.body_done = x.head.framing == wire::Framing::none;
  x.left = x.head.framing == wire::Framing::length ? x.head.length : 0;
  if (x.head.framing == wire::Framing::chunked)
    x.chunks.emplace(static_cast<int>(x.head.headers.all().size()), x.head.section);
  x.continue_due = x.head.expects_continue;
}

core::Task<std::string_view> Connection::read_body(Exchange& x) {
  while (!x.body_done) {
    if (in_at_ == in_.size()) {
      in_.clear();
      in_at_ = 0;
      const Got got = receive(kPiece);
      if (got == Got::end) {
        left_ = true;
        x.context->stop.request_stop();
        throw cut_off();
      }
      if (got == Got::none_yet) {
        if (std::exchange(x.continue_due, false) && !co_await send("HTTP/1.1 100 Continue\r\n\r\n")) throw cut_off();
        const Timeouts& patience = hub_.config.timeouts;
        const auto earned =
            std::chrono::milliseconds(x.received * 1000 / std::max<std::uint64_t>(patience.body_rate, 1));
        const SteadyTime began = std::chrono::steady_clock::now();
        const auto pace = std::min<std::chrono::nanoseconds>(patience.body + earned - x.waited, patience.stall);
        const Wait woken = co_await readable(std::min<SteadyTime>(began + pace, x.began + patience.whole_body));
        x.waited += std::chrono::steady_clock::now() - began;
        if (woken == Wait::timeout) throw too_slow();
        if (woken == Wait::closed) throw cut_off();
        continue;
      }
    }
    x.continue_due = false;
    std::string_view rest = std::string_view{in_}.substr(in_at_);
    std::string_view data;
    if (x.chunks) {
      data = x.chunks->take(rest);
      in_at_ = in_.size() - rest.size();
      if (const auto& refusal = x.chunks->refusal())
        throw core::Problem(refusal->status, std::string(refusal->code), std::string(refusal->sentence));
      x.body_done = x.chunks->done();
    } else {
      data = rest.substr(0, std::min<std::uint64_t>(rest.size(), x.left));
      in_at_ += data.size();
      x.left -= data.size();
      x.body_done = x.left == 0;
    }
    x.received += data.size();
    if (x.received > x.limit) throw too_large();
    if (!data.empty()) co_return data;
  }
  in_.erase(0, std::exchange(in_at_, 0));
  if (x.rq.stream != nullptr) watch(x);
  co_return std::string_view{};
}

core::Task<> Connection::collect_body(Exchange& x) {
  for (;;) {
    const std::string_view piece = co_await read_body(x);
    if (piece.empty()) break;
    x.rq.body += piece;
  }
}

// Whether the next request can be found: what is left of the body is dropped as far as it has already arrived.
bool Connection::finish_body(Exchange& x) {
  std::string_view rest = std::string_view{in_}.substr(in_at_);
  if (!x.body_done && x.chunks) {
    while (!rest.empty() && !x.chunks->done() && !x.chunks->refusal()) x.chunks->take(rest);
    x.body_done = x.chunks->done();
  } else if (!x.body_done && rest.size() >= x.left) {
    rest.remove_prefix(x.left);
    x.body_done = true;
  }
  in_.erase(0, in_.size() - rest.size());
  in_at_ = 0;
  return x.body_done;
}

std::unique_ptr<BodyReader> streamed_body(Connection& connection, Exchange& x) {
  return std::make_unique<StreamedBody>(connection, x);
}

}  // namespace http::serve
