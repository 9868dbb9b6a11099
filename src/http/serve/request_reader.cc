#include "http/serve/request_reader.h"

#include <algorithm>

#include "core/problem.h"
#include "core/task_context.h"
#include "http/parse/target.h"

namespace http::serve {
namespace {

using Received = ClientSocket::Received;

constexpr std::size_t kHeadPiece = 16 << 10;
constexpr std::size_t kBodyPiece = 64 << 10;
constexpr std::size_t kMostDropped = 8 << 20;
constexpr parse::Refusal kSlowHead{408, "http.request_timeout"};

SteadyTime now() { return std::chrono::steady_clock::now(); }

// The text behind the first space of a head, as far as it arrived.
std::string stated_path(std::string_view head) {
  const std::size_t space = head.find(' ');
  return space == std::string_view::npos ? "" : std::string(parse::stated_path(head.substr(space + 1)));
}

HeadResult refused(std::string_view head, parse::Refusal why) {
  return {.head = std::nullopt, .refusal = why, .stated_path = stated_path(head)};
}

}  // namespace

core::Task<HeadResult> RequestReader::read_head() {
  parse::HeadScanner scanner;
  const SteadyTime deadline = now() + timeouts_.head;
  for (;;) {
    const auto state = scanner.scan(in_);
    if (state == parse::HeadScanner::State::complete) break;
    if (state == parse::HeadScanner::State::refused) co_return refused(in_, scanner.refusal());
    const Received got = socket_.receive(in_, kHeadPiece);
    if (got == Received::some) continue;
    if (got == Received::none_yet) {
      const Wake woken = co_await socket_.readable(deadline);
      if (woken == Wake::ready) continue;
      if (woken == Wake::timeout && !in_.empty()) co_return refused(in_, kSlowHead);
      co_return HeadResult{};
    }
    if (in_.empty()) co_return HeadResult{};
    co_return refused(in_, parse::kBadRequest);
  }
  const std::string_view raw = std::string_view{in_}.substr(scanner.begin(), scanner.end() - scanner.begin());
  auto head = parse::parse_head(raw);
  HeadResult result = head ? HeadResult{.head = std::move(*head)} : refused(raw, head.error());
  in_.erase(0, scanner.end());
  co_return result;
}

void RequestReader::begin_body(const parse::Head& head) {
  body_ = Body{.began = now(), .done = head.framing == parse::Framing::none, .continue_due = head.expects_continue};
  if (head.framing == parse::Framing::length) body_.left = head.length;
  if (head.framing == parse::Framing::chunked)
    body_.chunks.emplace(static_cast<int>(head.headers.all().size()), head.section);
}

core::Task<std::string_view> RequestReader::read_body() {
  while (!body_.done) {
    if (at_ == in_.size()) {
      in_.clear();
      at_ = 0;
      const Received got = socket_.receive(in_, kBodyPiece);
      if (got == Received::end) {
        socket_.set_gone();
        core::task_context()->stop.request_stop();
        throw core::Problem(400, "http.body_cut_off");
      }
      if (got == Received::none_yet) {
        co_await wait_for_body();
        continue;
      }
    }
    body_.continue_due = false;
    const std::string_view piece = take_body();
    if (!piece.empty()) co_return piece;
  }
  in_.erase(0, std::exchange(at_, 0));
  co_return std::string_view{};
}

// The client must keep a pace: a first allowance, then a second for each `body_rate` bytes, and never a long stall.
core::Task<> RequestReader::wait_for_body() {
  if (std::exchange(body_.continue_due, false)) {
    const bool sent = co_await socket_.send("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent) throw core::Problem(400, "http.body_cut_off");
  }
  const auto earned =
      std::chrono::milliseconds(body_.received * 1000 / std::max<std::uint64_t>(timeouts_.body_rate, 1));
  const auto pace = std::min<std::chrono::nanoseconds>(timeouts_.body + earned - body_.waited, timeouts_.stall);
  const SteadyTime began = now();
  const Wake woken = co_await socket_.readable(std::min<SteadyTime>(began + pace, body_.began + timeouts_.whole_body));
  body_.waited += now() - began;
  if (woken == Wake::timeout) throw core::Problem(408, "http.request_timeout");
  if (woken == Wake::closed) throw core::Problem(400, "http.body_cut_off");
}

// Data at the front of what was received; empty when there was only framing.
std::string_view RequestReader::take_body() {
  std::string_view left = rest();
  std::string_view data;
  if (body_.chunks) {
    data = body_.chunks->take(left);
    at_ = in_.size() - left.size();
    if (const auto& why = body_.chunks->refusal()) throw core::Problem(why->status, why->name);
    body_.done = body_.chunks->done();
  } else {
    data = left.substr(0, std::min<std::uint64_t>(left.size(), body_.left));
    at_ += data.size();
    body_.left -= data.size();
    body_.done = body_.left == 0;
  }
  body_.received += data.size();
  if (body_.received > body_.limit) throw core::Problem(413, "http.request_entity_too_large");
  return data;
}

bool RequestReader::finish_body() {
  std::string_view left = rest();
  if (!body_.done && body_.chunks) {
    while (!left.empty() && !body_.chunks->done() && !body_.chunks->refusal()) body_.chunks->take(left);
    body_.done = body_.chunks->done();
  } else if (!body_.done && left.size() >= body_.left) {
    left.remove_prefix(body_.left);
    body_.done = true;
  }
  in_.erase(0, in_.size() - left.size());
  at_ = 0;
  return body_.done;
}

core::Task<> RequestReader::linger() {
  socket_.half_close();
  const SteadyTime until = now() + timeouts_.linger;
  std::size_t dropped = 0;
  while (dropped < kMostDropped && !socket_.gone()) {
    in_.clear();
    const Received got = socket_.receive(in_, kBodyPiece);
    dropped += in_.size();
    if (got == Received::end) break;
    if (got == Received::some) continue;
    const Wake woken = co_await socket_.readable(until);
    if (woken != Wake::ready) break;
  }
  in_.clear();
}

}  // namespace http::serve
