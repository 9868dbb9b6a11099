#include "rest/plan/rpc_params.h"

#include <algorithm>

#include "core/text.h"
#include "rest/error.h"
#include "rest/request/payload.h"
#include "rest/request/query_params.h"

namespace rest {
namespace {

bool is_argument_of_any(const std::vector<const Routine*>& overloads, std::string_view name) {
  return std::ranges::any_of(overloads, [&](const Routine* one) {
    return std::ranges::find(one->params, name, &RoutineParam::name) != one->params.end();
  });
}

bool is_reserved(std::string_view name) {
  static constexpr std::string_view kNames[] = {"select",  "order",  "limit",   "offset",      "and",   "or",
                                                "not.and", "not.or", "columns", "on_conflict", "apikey"};
  return std::ranges::find(kNames, name) != std::end(kNames);
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

}  // namespace

RpcInput parse_rpc_query(const http::Request& rq, const std::vector<const Routine*>& overloads) {
  RpcInput out;
  for (const auto& [key, value] : rq.queries) {
    const bool argument = is_argument_of_any(overloads, key);
    if (!argument && (is_reserved(key) || looks_like_operation(value) || key.contains('.'))) {
      out.query.emplace_back(key, value);
      continue;
    }
    const auto same = std::ranges::find(out.params, key, &RpcParam::name);
    if (same == out.params.end()) {
      out.params.push_back({.name = key, .value = value, .repeated = {value}});
    } else {
      same->value = value;
      same->repeated.push_back(value);
    }
  }
  return out;
}

RpcInput parse_rpc_body(const http::Request& rq) {
  RpcInput out;
  out.query = rq.queries;
  const std::string type = content_type(rq);
  if (type == "text/plain" || type == "application/octet-stream") {
    out.body = type == "text/plain" ? BodyType::text : BodyType::bytes;
    return out;
  }
  if (!is_json_type(type)) throw unsupported_content_type(type);
  out.body = BodyType::json;
  const std::string_view body = core::trim(rq.body);
  if (body.empty()) return out;
  if (body.starts_with('{')) {
    const auto payload = parse_payload(body);
    if (!payload) throw invalid_body();
    for (const Member& member : payload->objects.front())
      out.params.push_back({.name = member.name, .value = std::string(member.value), .is_json = true});
  } else if (!is_json(body)) {
    throw invalid_body();
  }
  return out;
}

std::string body_as_argument(const http::Request& rq, BodyType type) {
  if (type == BodyType::bytes) return bytea_text(rq.body);
  if (type == BodyType::json && core::trim(rq.body).empty()) return "null";
  return rq.body;
}

}  // namespace rest
