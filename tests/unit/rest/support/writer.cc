#include "support/writer.h"

#include <array>

namespace writer {
namespace {

constexpr std::array kOperators{"eq",     "neq", "gt", "gte",        "lt",  "lte",   "like",  "ilike", "match",
                                "imatch", "in",  "is", "isdistinct", "fts", "plfts", "phfts", "wfts",  "cs",
                                "cd",     "ov",  "sl", "sr",         "nxl", "nxr",   "adj"};
constexpr std::array kIs{"null", "not_null", "true", "false", "unknown"};
constexpr std::array kAggregates{"", "count", "sum", "avg", "min", "max"};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string column(const rest::SelectField& c) {
  std::string out;
  if (!c.alias.empty()) out += name(c.alias) + ":";
  if (c.field.name == "*") return out + "*";
  if (c.field.name.empty()) {
    out += "count()";
  } else {
    out += field(c.field);
    if (!c.cast.empty()) out += "::" + c.cast;
    if (c.aggregate != rest::Aggregate::none)
      out += std::string(".") + kAggregates[static_cast<std::size_t>(c.aggregate)] + "()";
  }
  if (!c.aggregate_cast.empty()) out += "::" + c.aggregate_cast;
  return out;
}

}  // namespace

std::string name(const std::string& name) { return quoted(name); }

std::string field(const rest::Field& f) {
  std::string out = name(f.name);
  for (const rest::JsonOperation& step : f.path) {
    out += step.as_text ? "->>" : "->";
    out += step.is_index ? step.key : quoted(step.key);
  }
  return out;
}

std::string operation(const rest::Operation& o, bool in_logic) {
  std::string out = o.negated ? "not." : "";
  out += kOperators[static_cast<std::size_t>(o.op)];
  if (o.quantifier != rest::Quantifier::none) out += o.quantifier == rest::Quantifier::any ? "(any)" : "(all)";
  if (!o.config.empty()) out += "(" + o.config + ")";
  out += '.';
  if (o.op == rest::Operator::is) return out + kIs[static_cast<std::size_t>(o.is)];
  if (o.op != rest::Operator::in) return out + (in_logic ? quoted(o.value) : o.value);
  out += '(';
  for (std::size_t i = 0; i < o.list.size(); ++i) out += (i > 0 ? "," : "") + quoted(o.list[i]);
  return out + ')';
}

std::string logic(const rest::LogicTree& l) {
  std::string out = "(";
  for (std::size_t i = 0; i < l.conditions.size(); ++i) {
    if (i > 0) out += ',';
    const rest::Condition& one = l.conditions[i];
    if (one.filter) {
      out += field(one.filter->field) + "." + operation(one.filter->operation, true);
    } else {
      out += one.logic.negated ? "not." : "";
      out += one.logic.joined == rest::LogicTree::Joined::any ? "or" : "and";
      out += logic(one.logic);
    }
  }
  return out + ")";
}

std::string order(const std::vector<rest::OrderTerm>& terms) {
  std::string out;
  for (const rest::OrderTerm& one : terms) {
    if (!out.empty()) out += ',';
    out += one.relation.empty() ? field(one.field) : name(one.relation) + "(" + field(one.field) + ")";
    if (one.direction != rest::OrderTerm::Direction::unset)
      out += one.direction == rest::OrderTerm::Direction::ascending ? ".asc" : ".desc";
    if (one.nulls != rest::OrderTerm::Nulls::unset)
      out += one.nulls == rest::OrderTerm::Nulls::first ? ".nullsfirst" : ".nullslast";
  }
  return out;
}

std::string select(const std::vector<rest::SelectItem>& items) {
  std::string out;
  for (const rest::SelectItem& item : items) {
    if (!out.empty()) out += ',';
    if (!item.embed) {
      out += column(item.column);
      continue;
    }
    const rest::Embed& e = *item.embed;
    if (e.spread) out += "...";
    else if (!e.alias.empty()) out += name(e.alias) + ":";
    out += name(e.target);
    if (!e.hint.empty()) out += "!" + name(e.hint);
    if (e.join == rest::Embed::Join::inner) out += "!inner";
    out += "(" + select(e.resource.items) + ")";
  }
  return out;
}

bool same(const std::vector<rest::SelectItem>& a, const std::vector<rest::SelectItem>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!a[i].embed != !b[i].embed) return false;
    if (!a[i].embed) {
      if (!(a[i].column == b[i].column)) return false;
      continue;
    }
    const rest::Embed &x = *a[i].embed, &y = *b[i].embed;
    if (x.alias != y.alias || x.target != y.target || x.hint != y.hint || x.join != y.join || x.spread != y.spread)
      return false;
    if (!same(x.resource.items, y.resource.items)) return false;
  }
  return true;
}

}  // namespace writer
