// The data API's parsers: select, filters, logic, order, names, bodies and headers; the first byte selects one. On any
// input a parser returns a result within its limits or throws an Error of status 4xx.
#include <cstdint>
#include <cstdlib>

#include "core/json.h"
#include "rest/error.h"
#include "rest/request/media_type.h"
#include "rest/request/payload.h"
#include "rest/request/query_params.h"

namespace {

int depth_of(const std::vector<rest::SelectItem>& items) {
  int deepest = 0;
  for (const rest::SelectItem& item : items)
    if (item.embed) deepest = std::max(deepest, 1 + depth_of(item.embed->resource.items));
  return deepest;
}

int depth_of(const rest::LogicTree& logic) {
  int deepest = 1;
  for (const rest::Condition& one : logic.conditions)
    if (!one.filter) deepest = std::max(deepest, 1 + depth_of(one.logic));
  return deepest;
}

void check(bool holds) {
  if (!holds) std::abort();
}

// core rejects a lone surrogate. PostgREST's parser accepts it, and so does this one.
bool names_surrogate(std::string_view text) {
  for (std::size_t at = text.find("\\u"); at != std::string_view::npos; at = text.find("\\u", at + 2))
    if (at + 3 < text.size() && (text[at + 2] == 'd' || text[at + 2] == 'D') &&
        std::string_view("89abcdefABCDEF").contains(text[at + 3]))
      return true;
  return false;
}

// core rejects a number that no double holds. Here Postgres decides.
bool may_exceed_double(std::string_view text) {
  std::size_t digits = 0;
  bool exponent = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      if (++digits >= (exponent ? 3 : 300)) return true;
    } else if (!exponent && digits > 0 && (c == 'e' || c == 'E')) {
      exponent = true;
      digits = 0;
    } else if (!(exponent && digits == 0 && (c == '+' || c == '-'))) {
      exponent = false;
      digits = 0;
    }
  }
  return false;
}

void parse(std::uint8_t what, std::string_view text) {
  switch (what % 9) {
    case 0: check(depth_of(rest::parse_select(text)) <= rest::kDepth); break;
    case 1: check(rest::parse_operation(text).list.size() <= rest::kListLength); break;
    case 2: check(depth_of(rest::parse_logic(text)) <= rest::kDepth); break;
    case 3: check(rest::parse_order(text).size() <= rest::kListLength); break;
    case 4: rest::parse_names(text, "columns parameter"); break;
    case 5: check(rest::parse_filter_key(text).embeds.size() <= rest::kDepth); break;
    case 6: {
      const bool valid = rest::is_json(text);
      const bool parsed = core::Json::parse(text).has_value();  // the parser in core agrees
      check(parsed ? valid : !valid || may_exceed_double(text) || names_surrogate(text));
      const auto payload = rest::parse_payload(text);
      check(!payload || valid);
      break;
    }
    case 7: rest::parse_accept(text); break;
    case 8: {  // name=value&name=value
      std::vector<std::pair<std::string, std::string>> pairs;
      while (!text.empty() && pairs.size() < 40) {
        const std::string_view one = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(one.size() + 1, text.size()));
        const std::size_t equals = std::min(one.find('='), one.size());
        pairs.emplace_back(one.substr(0, equals), equals < one.size() ? one.substr(equals + 1) : std::string_view{});
      }
      rest::parse_query_params(pairs);
      break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    parse(data[0], std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  } catch (const rest::Error& error) {
    if (error.status < 400 || error.status > 499) std::abort();
  }
  return 0;
}
