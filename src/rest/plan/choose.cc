#include <fmt/format.h>

#include <algorithm>

#include "rest/answer/fault.h"
#include "rest/plan/call.h"

namespace rest::plan {
namespace {

std::string joined(const std::vector<Given>& given) {
  std::string out;
  for (const Given& one : given) {
    if (!out.empty()) out += ", ";
    out += one.name;
  }
  return out;
}

std::string argument_names(const Function& function) {
  std::string out;
  for (const Argument& one : function.arguments) {
    if (!out.empty()) out += ", ";
    out += one.name;
  }
  return out;
}

[[noreturn]] void refuse_none(const Catalogue& catalogue, std::string_view schema, std::string_view name,
                              const std::vector<Given>& given, Body body) {
  const std::string called = fmt::format("{}.{}", schema, name);
  const std::string names = joined(given);
  const std::string brackets = given.empty() ? " without parameters" : fmt::format("({})", names);
  const std::string with =
      given.empty() ? " without parameters" : fmt::format(" with parameter{} {}", given.size() > 1 ? "s" : "", names);
  const bool body_alone = body == Body::text || body == Body::bytes;
  std::string searched = with;
  if (body == Body::json) searched += " or with a single unnamed json/jsonb parameter";
  if (body_alone)
    searched = body == Body::text ? " with a single unnamed text parameter" : " with a single unnamed bytea parameter";
  std::string hint = "null";
  const auto same_name = catalogue.functions(schema, name);
  std::vector<std::string_view> near;
  if (!same_name.empty() && !body_alone) {
    const std::string arguments = argument_names(*same_name.front());
    hint = json_string(fmt::format("Perhaps you meant to call the function {}{}", called,
                                   arguments.empty() ? " without parameters" : fmt::format("({})", arguments)));
  } else if (!body_alone) {
    for (const auto& [key, function] : catalogue.all_functions())
      if (key.first == schema) near.push_back(key.second);
    if (const std::string other = nearest(name, near); !other.empty()) {
      const std::string arguments = argument_names(*catalogue.functions(schema, other).front());
      hint = json_string(fmt::format("Perhaps you meant to call the function {}.{}{}", schema, other,
                                     arguments.empty() ? " without parameters" : fmt::format("({})", arguments)));
    }
  }
  throw Fault(404, "PGRST202",
              fmt::format("Could not find the function {}{} in the schema cache", called, body_alone ? "" : brackets),
              json_string(fmt::format("Searched for the function {}{}, but no matches were found in the schema cache.",
                                      called, searched)),
              hint);
}

[[noreturn]] void refuse_several(const std::vector<const Function*>& found) {
  std::string list;
  for (const Function* one : found) {
    if (!list.empty()) list += ", ";
    list += fmt::format("{}.{}(", one->schema, one->name);
    for (std::size_t i = 0; i < one->arguments.size(); ++i)
      list += fmt::format("{}{} => {}", i > 0 ? ", " : "", one->arguments[i].name, one->arguments[i].type);
    list += ')';
  }
  throw Fault(
      300, "PGRST203", fmt::format("Could not choose the best candidate function between: {}", list), "null",
      json_string("Try renaming the parameters or the function itself in the database so function overloading can "
                  "be resolved"));
}

bool fits(const Function& function, const std::vector<Given>& given) {
  for (const Given& one : given)
    if (std::ranges::find(function.arguments, one.name, &Argument::name) == function.arguments.end()) return false;
  return std::ranges::all_of(function.arguments, [&](const Argument& one) {
    if (one.name.empty()) return false;
    return !one.required || std::ranges::find(given, one.name, &Given::name) != given.end();
  });
}

bool takes(const Function& function, Body body) {
  if (!function.takes_body()) return false;
  const std::uint32_t type = function.arguments.front().type_oid;
  switch (body) {
    case Body::json: return type == 114 || type == 3802;
    case Body::text: return type == 25;
    case Body::bytes: return type == 17;
    case Body::none: break;
  }
  return false;
}

}  // namespace

const Function& choose(const Catalogue& catalogue, std::string_view schema, std::string_view name,
                       const std::vector<Given>& given, Body body) {
  std::vector<const Function*> by_names, by_body;
  for (const Function* one : catalogue.functions(schema, name)) {
    if (body != Body::text && body != Body::bytes && fits(*one, given)) by_names.push_back(one);
    else if (takes(*one, body)) by_body.push_back(one);
  }
  const auto& found = by_names.empty() ? by_body : by_names;
  if (found.empty()) refuse_none(catalogue, schema, name, given, body);
  if (found.size() > 1) refuse_several(found);
  return *found.front();
}

}  // namespace rest::plan
