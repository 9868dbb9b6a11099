#include "http/response.h"

#include <algorithm>

#include "core/clock.h"
#include "core/json.h"
#include "http/wire/range.h"

namespace http {
namespace {

Response with_type(std::string body, std::string type, int status) {
  Response answer;
  answer.status = status;
  answer.headers.add("Content-Type", std::move(type));
  answer.body = std::move(body);
  return answer;
}

core::Time at_second(std::int64_t seconds) { return core::Time{std::chrono::seconds{seconds}}; }

// RFC 9110 13.2.2: If-None-Match decides alone where it is given.
bool not_modified(const Request& rq, const FileMeta& meta) {
  if (!is_get_or_head(rq.method)) return false;
  const std::string_view tags = rq.header("if-none-match");
  if (!tags.empty()) return !meta.etag.empty() && wire::etag_in(tags, meta.etag);
  const auto since = core::parse_http_date(rq.header("if-modified-since"));
  return since && meta.modified > 0 && at_second(meta.modified) <= *since;
}

// A range continues what the client has only when If-Range names this very version.
bool range_applies(const Request& rq, const FileMeta& meta) {
  if (rq.method != Method::get || !rq.headers.has("range")) return false;
  const std::string_view condition = rq.header("if-range");
  if (condition.empty()) return true;
  if (condition.starts_with('"')) return condition == meta.etag;
  const auto date = core::parse_http_date(condition);
  return date && meta.modified > 0 && at_second(meta.modified) == *date;
}

}  // namespace

Response json(std::string body, int status) {
  Response answer = with_type(std::move(body), "application/json; charset=utf-8", status);
  answer.headers.add("Cache-Control", "no-store");
  return answer;
}

Response text(std::string body, int status) { return with_type(std::move(body), "text/plain; charset=utf-8", status); }

Response empty(int status) {
  Response answer;
  answer.status = status;
  return answer;
}

Response redirect(std::string location, int status) {
  Response answer;
  answer.status = status;
  answer.headers.add("Location", std::move(location));
  return answer;
}

Response problem(const core::Problem& problem, const Request& rq) {
  core::JsonWriter body;
  body.begin().field("error", problem.what()).field("code", problem.code).field("request_id", rq.request_id).end();
  Response answer = json(body.take(), problem.status);
  for (const auto& [name, value] : problem.headers) answer.headers.set(name, value);
  return answer;
}

Response file(const Request& rq, std::string path, std::uint64_t size, FileMeta meta) {
  Response answer;
  if (!meta.etag.empty()) answer.headers.add("ETag", meta.etag);
  if (meta.modified > 0) answer.headers.add("Last-Modified", core::http_date(at_second(meta.modified)));
  if (!meta.cache_control.empty()) answer.headers.add("Cache-Control", meta.cache_control);
  answer.headers.add("Accept-Ranges", "bytes");
  if (not_modified(rq, meta)) {
    answer.status = 304;
    return answer;
  }
  FileBody body{.path = std::move(path), .offset = 0, .length = size};
  if (range_applies(rq, meta)) {
    const wire::Range range = wire::parse_range(rq.header("range"), size);
    if (range.kind == wire::Range::Kind::unsatisfiable) {
      Response refusal = problem(core::Problem(416, "range_not_satisfiable", "The file is shorter than that."), rq);
      refusal.headers.add("Content-Range", "bytes */" + std::to_string(size));
      return refusal;
    }
    if (range.kind == wire::Range::Kind::part) {
      answer.status = 206;
      body.offset = range.first;
      body.length = range.length;
      answer.headers.add("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                              std::to_string(range.first + range.length - 1) + "/" +
                                              std::to_string(size));
    }
  }
  answer.headers.add("Content-Type", std::move(meta.content_type));
  answer.body = std::move(body);
  return answer;
}

Task<> EventStream::send(std::string event, std::string data, std::string id) {
  std::string out;
  const auto field = [&](std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    std::ranges::copy_if(value, std::back_inserter(out), [](char c) { return c != '\r' && c != '\n' && c != '\0'; });
    out += '\n';
  };
  if (!id.empty()) field("id", id);
  if (!event.empty()) field("event", event);
  for (std::string_view rest = data;;) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    field("data", rest.substr(0, end));
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  out += '\n';
  co_await writer_->write(out);
}

Task<> EventStream::comment() { co_await writer_->write(":\n\n"); }

namespace {
Task<> run_events(const std::function<Task<>(EventStream&)>& run, BodyWriter& writer) {
  EventStream stream(writer);
  co_await stream.comment();  // the head and a first byte leave at once, so that the browser fires `open`
  co_await run(stream);
}
}  // namespace

Response events(std::function<Task<>(EventStream&)> run) {
  Response answer;
  answer.headers.add("Content-Type", "text/event-stream; charset=utf-8");
  answer.headers.add("Cache-Control", "no-store");
  answer.headers.add("X-Accel-Buffering", "no");
  StreamBody body;
  body.write = [run = std::move(run)](BodyWriter& writer) { return run_events(run, writer); };
  answer.body = std::move(body);
  return answer;
}

}  // namespace http
