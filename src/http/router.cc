#include "http/router.h"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

#include "core/text.h"

namespace http {

std::string_view name_of(Access access) {
  switch (access) {
    case Access::anyone: return "anyone";
    case Access::visitor: return "visitor";
    case Access::user: return "user";
    case Access::admin: return "admin";
    case Access::api_key: return "api_key";
    case Access::bearer: return "bearer";
    case Access::internal: return "internal";
  }
  return "";
}

// One segment of the patterns. A literal is tried before a parameter, a parameter before the remainder.
struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> remainder;
  std::vector<std::size_t> routes;  // that end here, one a method
};

Router::Router() : root_(std::make_unique<Node>()) {
  groups_.push_back(std::make_unique<RouteGroup>(RouteGroup{.prefix = "/"}));
}
Router::~Router() = default;

namespace {

constexpr bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }
constexpr bool is_remainder(std::string_view segment) { return is_parameter(segment) && segment.ends_with("...}"); }

std::string_view name_in(std::string_view segment) {
  segment = segment.substr(1, segment.size() - 2);
  return segment.ends_with("...") ? segment.substr(0, segment.size() - 3) : segment;
}

// Walks the pattern beside the path it matched.
std::vector<std::pair<std::string, std::string>> params_of(std::string_view pattern, std::string_view path) {
  std::vector<std::pair<std::string, std::string>> params;
  for (std::string_view segment : core::split(pattern.substr(1), '/')) {
    path.remove_prefix(1);
    const std::size_t end = is_remainder(segment) ? path.size() : std::min(path.find('/'), path.size());
    if (is_parameter(segment)) params.emplace_back(name_in(segment), path.substr(0, end));
    path.remove_prefix(end);
  }
  return params;
}

}  // namespace

void Router::group(std::string prefix, RouteGroup group) {
  for (const Route& route : routes_)
    if (core::is_below(route.pattern, prefix) && core::is_below(prefix, route.group->prefix))
      throw std::logic_error("the group " + prefix + " comes after its route " + route.pattern);
  const bool again = std::ranges::any_of(groups_, [&](const auto& known) { return known->prefix == prefix; });
  if (again && prefix != "/") throw std::logic_error("two groups for " + prefix);
  if (!group.errors) group.errors = group_of(prefix).errors;
  if (again) groups_.pop_back();  // the placeholder for "/"
  group.prefix = std::move(prefix);
  groups_.push_back(std::make_unique<RouteGroup>(std::move(group)));
  std::ranges::sort(groups_, std::greater{}, [](const auto& known) { return known->prefix.size(); });
}

const RouteGroup& Router::group_of(std::string_view path) const {
  for (const auto& group : groups_)
    if (core::is_below(path, group->prefix)) return *group;
  return *groups_.back();  // "*"
}

void Router::add(Method method, std::string pattern, Access access, Handler handler, Limits limits, Body body) {
  if (!pattern.starts_with('/')) throw std::logic_error("a pattern starts with '/': " + pattern);
  Node* node = root_.get();
  for (std::string_view segment : core::split(std::string_view{pattern}.substr(1), '/')) {
    auto& next = is_remainder(segment)   ? node->remainder
                 : is_parameter(segment) ? node->parameter
                                         : node->literals[std::string(segment)];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  for (std::size_t other : node->routes)
    if (routes_[other].method == method) throw std::logic_error("two routes for " + pattern);
  node->routes.push_back(routes_.size());
  const RouteGroup& group = group_of(pattern);
  routes_.push_back({method, std::move(pattern), access, limits, body == Body::streamed, std::move(handler), &group});
}

void Router::get(std::string pattern, Access access, Handler handler, Limits limits) {
  add(Method::get, std::move(pattern), access, std::move(handler), limits, Body::collected);
}
void Router::post(std::string pattern, Access access, Handler handler, Limits limits) {
  add(Method::post, std::move(pattern), access, std::move(handler), limits, Body::collected);
}
void Router::put(std::string pattern, Access access, Handler handler, Limits limits) {
  add(Method::put, std::move(pattern), access, std::move(handler), limits, Body::collected);
}
void Router::patch(std::string pattern, Access access, Handler handler, Limits limits) {
  add(Method::patch, std::move(pattern), access, std::move(handler), limits, Body::collected);
}
void Router::del(std::string pattern, Access access, Handler handler, Limits limits) {
  add(Method::del, std::move(pattern), access, std::move(handler), limits, Body::collected);
}
void Router::head(std::string pattern, Access access, Handler handler, Limits limits) {
  add(Method::head, std::move(pattern), access, std::move(handler), limits, Body::collected);
}
void Router::options(std::string pattern, Access access, Handler handler, Limits limits) {
  add(Method::options, std::move(pattern), access, std::move(handler), limits, Body::collected);
}
void Router::stream(Method method, std::string pattern, Access access, Handler handler, Limits limits) {
  add(method, std::move(pattern), access, std::move(handler), limits, Body::streamed);
}

namespace {

constexpr Method kMethods[] = {Method::get,   Method::head, Method::post,   Method::put,
                               Method::patch, Method::del,  Method::options};

struct Search {
  const std::vector<Router::Route>& routes;
  Method method;
  const Router::Route* found = nullptr;
  const Router::Route* as_get = nullptr;  // answers HEAD where no route of its own does
  bool allowed[std::size(kMethods)] = {};

  void end_at(const std::vector<std::size_t>& here) {
    for (std::size_t index : here) {
      const Router::Route& route = routes[index];
      allowed[static_cast<std::size_t>(route.method)] = true;
      if (route.method == method && !found) found = &route;
      if (route.method == Method::get && method == Method::head && !as_get) as_get = &route;
    }
  }
};

// Visits every node that matches, best first. The work is bounded by the number of nodes, whatever the path.
template <class Node>
void walk(const Node& node, std::optional<std::string_view> rest, Search& search) {
  if (!rest) return search.end_at(node.routes);
  const std::size_t end = std::min(rest->find('/'), rest->size());
  const std::string_view segment = rest->substr(0, end);
  const auto behind = end < rest->size() ? std::optional{rest->substr(end + 1)} : std::nullopt;
  if (const auto literal = node.literals.find(segment); literal != node.literals.end())
    walk(*literal->second, behind, search);
  if (node.parameter && !segment.empty()) walk(*node.parameter, behind, search);
  if (node.remainder && !rest->empty()) search.end_at(node.remainder->routes);
}

}  // namespace

Router::Match Router::find(Method method, std::string_view decoded_path) const {
  Match match;
  if (!decoded_path.starts_with('/')) return match;
  Search search{.routes = routes_, .method = method};
  walk(*root_, decoded_path.substr(1), search);
  match.route = search.found ? search.found : search.as_get;
  if (match.route) {
    match.params = params_of(match.route->pattern, decoded_path);
    return match;
  }
  for (Method other : kMethods) {
    const bool head_by_get = other == Method::head && search.allowed[static_cast<std::size_t>(Method::get)];
    if (!search.allowed[static_cast<std::size_t>(other)] && !head_by_get) continue;
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += name_of(other);
  }
  return match;
}

}  // namespace http
