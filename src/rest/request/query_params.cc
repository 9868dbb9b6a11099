#include "rest/request/query_params.h"

#include <fmt/format.h>

#include <array>

#include "core/text.h"
#include "rest/error.h"
#include "rest/request/cursor.h"

namespace rest {
namespace {

std::int64_t parse_page_number(std::string_view text, std::string_view name) {
  const auto number = core::parse_int(text);
  if (!number || *number > (std::int64_t{1} << 53))
    throw Error(400, "PGRST100", fmt::format("\"failed to parse {} parameter ({})\" (line 1, column 1)", name, text),
                json_string("expecting a whole number"));
  if (*number < 0)
    throw range_not_satisfiable(
        fmt::format("{} should be greater than or equal to zero.", name == "limit" ? "Limit" : "Offset"));
  return *number;
}

// The embed with the alias `name`, else the one with that target.
Embed* find_embed(Resource& resource, std::string_view name) {
  for (const bool by_alias : {true, false})
    for (SelectItem& item : resource.items)
      if (item.embed && (by_alias ? item.embed->name() : std::string_view(item.embed->target)) == name)
        return item.embed.get();
  return nullptr;
}

Resource& resource_at(Resource& root, const std::vector<std::string>& path) {
  Resource* at = &root;
  for (const std::string& name : path) {
    Embed* const embed = find_embed(*at, name);
    if (embed == nullptr) throw not_embedded(name);
    at = &embed->resource;
  }
  return *at;
}

struct Reserved {
  std::vector<std::string> path;  // the embeds in front of it
  std::string_view word;          // order, limit, offset, and, or
  bool negated = false;           // not.and, not.or
};

// order, child.order, not.or, child.not.or, …; nothing for a filter.
std::optional<Reserved> reserved(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kWords{"order", "limit", "offset", "and", "or"};
  const std::size_t dot = name.rfind('.');
  const std::string_view last = name.substr(dot == std::string_view::npos ? 0 : dot + 1);
  Reserved out;
  for (const std::string_view word : kWords)
    if (last == word) out.word = word;
  if (out.word.empty()) return std::nullopt;
  std::string_view before = dot == std::string_view::npos ? std::string_view{} : name.substr(0, dot);
  const bool is_logic = out.word == "and" || out.word == "or";
  if (is_logic && (before == "not" || before.ends_with(".not"))) {
    out.negated = true;
    before = before.substr(0, before.size() - (before == "not" ? 3 : 4));
  }
  if (before.empty()) return out;
  FilterKey key = parse_filter_key(before);
  if (!key.field.path.empty()) return std::nullopt;
  out.path = std::move(key.embeds);
  out.path.push_back(std::move(key.field.name));
  return out;
}

void apply(QueryParams& query, const Reserved& name, std::string_view value) {
  Resource& resource = resource_at(query.root, name.path);
  if (name.word == "order") {
    if (!value.empty()) resource.order = parse_order(value);
  } else if (name.word == "limit") {
    resource.limit = parse_page_number(value, "limit");
  } else if (name.word == "offset") {
    resource.offset = parse_page_number(value, "offset");
  } else {
    Condition& condition = resource.conditions.emplace_back();
    condition.logic = parse_logic(value);
    condition.logic.negated = name.negated;
    condition.logic.joined = name.word == "or" ? LogicTree::Joined::any : LogicTree::Joined::all;
  }
}

std::size_t count(const std::vector<Condition>& conditions) {
  std::size_t sum = 0;
  for (const Condition& one : conditions) sum += one.filter ? 1 : count(one.logic.conditions);
  return sum;
}

bool is_request_wide(std::string_view name) {
  return name == "select" || name == "columns" || name == "on_conflict" || name == "apikey";
}

}  // namespace

QueryParams parse_query_params(Pairs pairs) {
  QueryParams query;
  for (const auto& [name, value] : pairs) {
    if (name == "select") {
      query.root.items = parse_select(value);
      query.has_select = true;
    } else if (name == "columns") {
      query.columns = parse_names(value, "columns parameter");
    } else if (name == "on_conflict") {
      query.on_conflict = parse_names(value, "on_conflict parameter");
    }
  }
  if (query.root.items.empty()) query.root.items.emplace_back().column.field.name = "*";
  std::size_t conditions = 0;
  for (const auto& [name, value] : pairs) {
    if (is_request_wide(name)) continue;
    if (const auto word = reserved(name)) {
      apply(query, *word, value);
      if (word->word == "and" || word->word == "or")
        conditions += count(resource_at(query.root, word->path).conditions.back().logic.conditions);
    } else {
      FilterKey key = parse_filter_key(name);
      Resource& resource = resource_at(query.root, key.embeds);
      resource.conditions.emplace_back().filter = Filter{std::move(key.field), parse_operation(value)};
      ++conditions;
    }
    if (conditions > kConditions) throw Error(400, "PGRST100", "There are too many conditions");
  }
  return query;
}

}  // namespace rest
