#include "http/response.h"

#include <algorithm>

#include "core/clock.h"
#include "core/json.h"
#include "http/parse/range.h"
#include "http/route_group.h"
#include "http/status.h"

namespace http {
namespace {

Response with_type(std::string body, std::string type, int status) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", std::move(type));
  response.body = std::move(body);
  return response;
}

core::Time at_second(std::int64_t seconds) { return core::Time{std::chrono::seconds{seconds}}; }

// RFC 9110 13.2.2: If-None-Match decides alone where it is given.
bool not_modified(const Request& rq, const FileMeta& meta) {
  if (!is_get_or_head(rq.method)) return false;
  const std::string_view tags = rq.header("if-none-match");
  if (!tags.empty()) return !meta.etag.empty() && parse::etag_in(tags, meta.etag);
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
  Response response = with_type(std::move(body), "application/json; charset=utf-8", status);
  response.headers.add("Cache-Control", "no-store");
  return response;
}

Response text(std::string body, int status) { return with_type(std::move(body), "text/plain; charset=utf-8", status); }

Response empty(int status) {
  Response response;
  response.status = status;
  return response;
}

Response redirect(std::string location, int status) {
  Response response;
  response.status = status;
  response.headers.add("Location", std::move(location));
  return response;
}

Response problem(const core::Problem& problem, const Request& rq) {
  core::JsonWriter body;
  body.begin()
      .field("error", reason_of(problem.status))
      .field("code", problem.code)
      .field("request_id", rq.request_id)
      .end();
  Response response = json(body.take(), problem.status);
  for (const auto& [name, value] : problem.headers) response.headers.set(name, value);
  return response;
}

Response file(const Request& rq, std::string path, std::uint64_t size, FileMeta meta) {
  Response response;
  if (!meta.etag.empty()) response.headers.add("ETag", meta.etag);
  if (meta.modified > 0) response.headers.add("Last-Modified", core::http_date(at_second(meta.modified)));
  if (!meta.cache_control.empty()) response.headers.add("Cache-Control", meta.cache_control);
  response.headers.add("Accept-Ranges", "bytes");
  if (not_modified(rq, meta)) {
    response.status = 304;
    return response;
  }
  FileBody body{.path = std::move(path), .offset = 0, .length = size};
  if (range_applies(rq, meta)) {
    const parse::Range range = parse::parse_range(rq.header("range"), size);
    if (range.kind == parse::Range::Kind::unsatisfiable) {
      Response refusal = error_response(rq, core::Problem(416, "http.range_not_satisfiable"));
      refusal.headers.add("Content-Range", "bytes */" + std::to_string(size));
      return refusal;
    }
    if (range.kind == parse::Range::Kind::part) {
      response.status = 206;
      body.offset = range.first;
      body.length = range.length;
      response.headers.add("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                                std::to_string(range.first + range.length - 1) + "/" +
                                                std::to_string(size));
    }
  }
  response.headers.add("Content-Type", std::move(meta.content_type));
  response.body = std::move(body);
  return response;
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
  co_await stream.comment();  // sends the head and a first byte at once, so that the browser fires `open`
  co_await run(stream);
}
}  // namespace

Response events(std::function<Task<>(EventStream&)> run) {
  Response response;
  response.headers.add("Content-Type", "text/event-stream; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Accel-Buffering", "no");
  StreamBody body;
  body.write = [run = std::move(run)](BodyWriter& writer) { return run_events(run, writer); };
  response.body = std::move(body);
  return response;
}

}  // namespace http
