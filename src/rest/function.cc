// GET, HEAD and POST /rpc/{function}.
#include <algorithm>

#include "core/text.h"
#include "rest/call.h"
#include "rest/plan/call.h"

namespace rest {
namespace {

using plan::Body;
using plan::Given;

std::string media_of(const http::Request& rq) {
  const std::string_view type = rq.header("content-type");
  return core::lower(core::trim(type.substr(0, std::min(type.find(';'), type.size()))));
}

// What the request gives: arguments, and the parameters that are about the result.
struct Asked {
  std::vector<Given> given;
  std::vector<std::pair<std::string, std::string>> rest;
  Body body = Body::none;
};

bool is_argument_of_any(const std::vector<const Function*>& functions, std::string_view name) {
  return std::ranges::any_of(functions, [&](const Function* one) {
    return std::ranges::find(one->arguments, name, &Argument::name) != one->arguments.end();
  });
}

bool is_about_rows(std::string_view name) {
  static constexpr std::string_view kWords[] = {"select",  "order",  "limit",   "offset",      "and",   "or",
                                                "not.and", "not.or", "columns", "on_conflict", "apikey"};
  return std::ranges::find(kWords, name) != std::end(kWords);
}

// A parameter is an argument where a function of this name has one so called; otherwise a filter if it reads like one.
Asked asked_by_query(const Call& call, std::string_view name) {
  Asked out;
  const auto functions = call.catalogue->functions(call.schema, name);
  for (const auto& [key, value] : call.rq.queries) {
    const bool argument = is_argument_of_any(functions, key);
    if (!argument && (is_about_rows(key) || looks_like_operation(value) || key.contains('.'))) {
      out.rest.emplace_back(key, value);
      continue;
    }
    const auto same = std::ranges::find(out.given, key, &Given::name);
    if (same == out.given.end()) {
      out.given.push_back({.name = key, .value = value, .repeated = {value}});
    } else {
      same->value = value;
      same->repeated.push_back(value);
    }
  }
  return out;
}

Asked asked_by_body(const Call& call) {
  Asked out;
  out.rest = call.rq.queries;
  const std::string media = media_of(call.rq);
  if (media == "text/plain" || media == "application/octet-stream") {
    out.body = media == "text/plain" ? Body::text : Body::bytes;
    return out;
  }
  if (!media.empty() && media != "application/json" && !media.ends_with("+json"))
    throw Fault(415, "PGRST102", "Content-Type not acceptable: " + media);
  out.body = Body::json;
  const std::string_view body = core::trim(call.rq.body);
  if (body.empty()) return out;
  if (body.starts_with('{')) {
    const auto payload = parse_payload(body);
    if (!payload) throw Fault(400, "PGRST102", "Empty or invalid json");
    for (const Member& member : payload->objects.front())
      out.given.push_back({.name = member.name, .value = std::string(member.value), .is_json = true});
  } else if (!is_json(body)) {
    throw Fault(400, "PGRST102", "Empty or invalid json");
  }
  return out;
}

std::string bytea_text(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\\x";
  for (const unsigned char c : bytes) {
    out += kHex[c >> 4];
    out += kHex[c & 15];
  }
  return out;
}

std::string whole_body(const Call& call, Body body) {
  if (body == Body::bytes) return bytea_text(call.rq.body);
  if (body == Body::json && core::trim(call.rq.body).empty()) return "null";
  return call.rq.body;
}

bool says_something(const Query& query) { return query.has_select || !query.root.conditions.empty(); }

// The page of a set, and where it lies.
Task<http::Response> set_of(Call& call, const Plan& plan, plan::Shape shape, std::int64_t offset, bool bare) {
  Task<pg::Rows> running = run(call, plan.sql);
  const Found page = found(plan, co_await running);
  const auto total = call.prefer.count == Prefer::Count::none ? std::nullopt : page.total;
  const int status = page_status(offset, page.size, page.size > 0 ? page.total : total, call.total_known());
  http::Response response = bare                           ? rows_head(page, call.media)
                            : shape == plan::Shape::values ? value_answer(*call.catalogue, page, call.media, true)
                                                           : rows_answer(*call.catalogue, page, call.media);
  response.status = status;
  response.headers.set("Content-Range", content_range(offset, page.size, total));
  co_return response;
}

// A row or a value. A row is an object for whoever asks for an array, too.
http::Response one_of(const Call& call, const Found& page, plan::Shape shape) {
  if (shape == plan::Shape::nothing) return http::empty(204);
  if (shape == plan::Shape::value || page.size != 1) return value_answer(*call.catalogue, page, call.media, false);
  Media media = call.media;
  if (media.type != Media::Type::array) return rows_answer(*call.catalogue, page, media);
  media.type = Media::Type::object;
  http::Response response = rows_answer(*call.catalogue, page, media);
  response.headers.set("Content-Type", "application/json; charset=utf-8");
  return response;
}

}  // namespace

Task<http::Response> call_function(Call& call) {
  const std::string name(call.rq.param("function"));
  const bool posted = call.rq.method == http::Method::post;
  Asked asked = posted ? asked_by_body(call) : asked_by_query(call, name);
  const Function& function = plan::choose(*call.catalogue, call.schema, name, asked.given, asked.body);
  call.frame.read_only = !posted || !function.is_volatile;

  Query query = parse_query(asked.rest);
  const plan::Shape shape = plan::shape_of(function, says_something(query));
  const bool is_set = shape == plan::Shape::rows || shape == plan::Shape::values;
  if (shape == plan::Shape::values) query.root.items = parse_select("*");
  const std::int64_t offset = is_set ? call.page(query.root) : 0;
  const bool minimal = posted && call.prefer.returns == Prefer::Return::minimal;
  const bool head = call.rq.method == http::Method::head;

  plan::Calling calling{.function = &function, .given = std::move(asked.given)};
  if (function.takes_body() && posted) calling.body = whole_body(call, asked.body);
  // There is no cheap guess at what a function gives: every count is exact.
  if (is_set) calling.count_to = call.counts_to(query.root);
  if (call.prefer.count != Prefer::Count::none || calling.count_to > 0) calling.count = Prefer::Count::exact;
  calling.head = is_set && (minimal || head);
  calling.single = call.media.type == Media::Type::object && !call.frame.read_only;
  if (call.prefer.handling == Prefer::Handling::strict) calling.max_affected = call.prefer.max_affected;

  Node root;
  if (is_set || shape == plan::Shape::row)
    root = resolve(*call.catalogue, function, call.catalogue->table_of_oid(function.returns_row), query.root);
  const Plan plan = plan::call(root, calling, shape, call.bounds);
  http::Response response;
  if (is_set) {
    Task<http::Response> answering = set_of(call, plan, shape, offset, calling.head);
    response = co_await answering;
  } else {
    Task<pg::Rows> running = run(call, plan.sql);
    const Found page = found(plan, co_await running);
    response = one_of(call, page, shape);
    if (head) response.body = std::string();
    response.headers.set(
        "Content-Range",
        content_range(0, page.size, calling.count == Prefer::Count::none ? std::nullopt : std::optional(page.size)));
  }
  if (minimal) {
    http::Response bare = http::empty(204);
    bare.headers.set("Content-Range", std::string(response.headers.get("Content-Range")));
    response = std::move(bare);
  }
  set_applied(response, call.prefer, {.returns = posted, .max_affected = true, .end = true});
  co_return response;
}

}  // namespace rest
