#include "rest/plan/resolve_overload.h"

#include <fmt/format.h>

#include <algorithm>

#include "rest/error.h"

namespace rest {
namespace {

std::string join_names(const std::vector<RpcParam>& params) {
  std::string out;
  for (const RpcParam& one : params) {
    if (!out.empty()) out += ", ";
    out += one.name;
  }
  return out;
}

std::string param_names(const Routine& routine) {
  std::string out;
  for (const RoutineParam& one : routine.params) {
    if (!out.empty()) out += ", ";
    out += one.name;
  }
  return out;
}

[[noreturn]] void throw_none(const SchemaCache& schema_cache, std::string_view schema, std::string_view name,
                             const std::vector<RpcParam>& params, BodyType body) {
  const std::string called = fmt::format("{}.{}", schema, name);
  const std::string names = join_names(params);
  const std::string brackets = params.empty() ? " without parameters" : fmt::format("({})", names);
  const std::string with =
      params.empty() ? " without parameters" : fmt::format(" with parameter{} {}", params.size() > 1 ? "s" : "", names);
  const bool body_alone = body == BodyType::text || body == BodyType::bytes;
  std::string searched = with;
  if (body == BodyType::json) searched += " or with a single unnamed json/jsonb parameter";
  if (body_alone)
    searched =
        body == BodyType::text ? " with a single unnamed text parameter" : " with a single unnamed bytea parameter";
  std::string hint = "null";
  const auto same_name = schema_cache.routines(schema, name);
  std::vector<std::string_view> near;
  if (!same_name.empty() && !body_alone) {
    const std::string arguments = param_names(*same_name.front());
    hint = json_string(fmt::format("Perhaps you meant to call the function {}{}", called,
                                   arguments.empty() ? " without parameters" : fmt::format("({})", arguments)));
  } else if (!body_alone) {
    for (const auto& [key, function] : schema_cache.all_routines())
      if (key.first == schema) near.push_back(key.second);
    if (const std::string other = nearest(name, near); !other.empty()) {
      const std::string arguments = param_names(*schema_cache.routines(schema, other).front());
      hint = json_string(fmt::format("Perhaps you meant to call the function {}.{}{}", schema, other,
                                     arguments.empty() ? " without parameters" : fmt::format("({})", arguments)));
    }
  }
  throw Error(404, "PGRST202",
              fmt::format("Could not find the function {}{} in the schema cache", called, body_alone ? "" : brackets),
              json_string(fmt::format("Searched for the function {}{}, but no matches were found in the schema cache.",
                                      called, searched)),
              hint);
}

[[noreturn]] void throw_several(const std::vector<const Routine*>& found) {
  std::string list;
  for (const Routine* one : found) {
    if (!list.empty()) list += ", ";
    list += fmt::format("{}.{}(", one->schema, one->name);
    for (std::size_t i = 0; i < one->params.size(); ++i)
      list += fmt::format("{}{} => {}", i > 0 ? ", " : "", one->params[i].name, one->params[i].type);
    list += ')';
  }
  throw Error(
      300, "PGRST203", fmt::format("Could not choose the best candidate function between: {}", list), "null",
      json_string("Try renaming the parameters or the function itself in the database so function overloading can "
                  "be resolved"));
}

bool fits(const Routine& routine, const std::vector<RpcParam>& params) {
  for (const RpcParam& one : params)
    if (std::ranges::find(routine.params, one.name, &RoutineParam::name) == routine.params.end()) return false;
  return std::ranges::all_of(routine.params, [&](const RoutineParam& one) {
    if (one.name.empty()) return false;
    return !one.required || std::ranges::find(params, one.name, &RpcParam::name) != params.end();
  });
}

bool takes_body(const Routine& routine, BodyType body) {
  if (!routine.takes_body()) return false;
  const std::uint32_t type = routine.params.front().type_oid;
  switch (body) {
    case BodyType::json: return type == 114 || type == 3802;
    case BodyType::text: return type == 25;
    case BodyType::bytes: return type == 17;
    case BodyType::none: break;
  }
  return false;
}

}  // namespace

const Routine& resolve_overload(const SchemaCache& schema_cache, std::string_view schema, std::string_view name,
                                const std::vector<RpcParam>& params, BodyType body) {
  std::vector<const Routine*> by_names, by_body;
  for (const Routine* one : schema_cache.routines(schema, name)) {
    if (body != BodyType::text && body != BodyType::bytes && fits(*one, params)) by_names.push_back(one);
    else if (takes_body(*one, body)) by_body.push_back(one);
  }
  const auto& found = by_names.empty() ? by_body : by_names;
  if (found.empty()) throw_none(schema_cache, schema, name, params, body);
  if (found.size() > 1) throw_several(found);
  return *found.front();
}

}  // namespace rest
