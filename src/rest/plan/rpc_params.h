// The arguments of a function call, as the request gives them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request.h"
#include "rest/schema_cache/routine.h"

namespace rest {

struct RpcParam {
  std::string name;
  std::string value;  // a parameter's text, or the JSON text of a body's member
  bool is_json = false;
  std::vector<std::string> repeated;  // all values of a repeated parameter, for a variadic argument
};

// The content of a body, which selects the type of a single unnamed argument.
enum class BodyType { none, json, text, bytes };

struct RpcInput {
  std::vector<RpcParam> params;
  std::vector<std::pair<std::string, std::string>> query;  // the parameters about the result
  BodyType body = BodyType::none;
};

// For GET and HEAD. A parameter is an argument when one of `overloads` has an argument of its name, or when it does not
// look like a filter.
RpcInput parse_rpc_query(const http::Request& rq, const std::vector<const Routine*>& overloads);
// For POST. Throws Error PGRST102.
RpcInput parse_rpc_body(const http::Request& rq);
// The whole body as the text of a single unnamed argument.
std::string body_as_argument(const http::Request& rq, BodyType type);

}  // namespace rest
