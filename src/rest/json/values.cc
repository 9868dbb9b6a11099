#include "rest/json/values.h"

#include "core/json.h"
#include "rest/json/strip.h"

namespace rest::json {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void plain(std::string_view text, std::string& out) {
  out += '"';
  out += text;
  out += '"';
}

// All that starts like a number is one; the rest is NaN, Infinity or -Infinity.
void number(std::string_view text, std::string& out) {
  const bool negative = text.starts_with('-');
  if (text.size() > (negative ? 1U : 0U) && is_digit(text[negative ? 1 : 0])) out += text;
  else plain(text, out);
}

// "2026-01-02 03:04:05+00 BC" to "2026-01-02T03:04:05+00:00 BC". The infinities have no space.
void timestamp(std::string_view text, std::string& out, bool with_zone) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return plain(text, out);
  out += '"';
  out += text.substr(0, space);
  out += 'T';
  std::string_view time = text.substr(space + 1);
  if (with_zone) {
    const std::size_t zone = time.find_first_of("+-");
    const std::size_t end = std::min(time.find(' '), time.size());
    out += time.substr(0, end);
    if (zone != std::string_view::npos && end - zone == 3) out += ":00";
    time.remove_prefix(end);
  }
  out += time;
  out += '"';
}

}  // namespace

void ValueWriter::write(const Type& type, std::string_view text, std::string& out, std::size_t depth) {
  const std::size_t start = out.size();
  bool fits = depth < kDepth;
  switch (type.shape) {
    case Shape::text:
    case Shape::opaque: return core::append_json_utf8(out, text);
    case Shape::plain: return plain(text, out);
    case Shape::number: return number(text, out);
    case Shape::boolean: out += text == "t" ? "true" : "false"; return;
    case Shape::timestamp: return timestamp(text, out, false);
    case Shape::timestamptz: return timestamp(text, out, true);
    case Shape::json:
      if (nulls_ == Nulls::stripped) append_stripped(out, text);
      else out += text;
      return;
    case Shape::vector: return vector(type, text, out, depth);
    case Shape::array: fits = fits && array(type, text, out, depth); break;
    case Shape::record: fits = fits && record(type, text, out, depth); break;
  }
  if (fits) return;
  out.resize(start);
  core::append_json_utf8(out, text);
}

bool ValueWriter::quoted(std::string_view text, std::size_t& at, std::size_t depth, Item& item) {
  const std::size_t start = at;
  item.quoted = true;
  while (at < text.size() && text[at] != '"' && text[at] != '\\') ++at;
  // Records double a quote, arrays escape it with a backslash; both are accepted, as by record_in.
  const bool ends_here = at < text.size() && text[at] == '"' && (at + 1 == text.size() || text[at + 1] != '"');
  if (ends_here) {
    item.text = text.substr(start, at++ - start);
    return true;
  }
  std::string& own = scratch_[depth];
  own.assign(text.substr(start, at - start));
  while (at < text.size()) {
    const char c = text[at++];
    if (c == '"') {
      if (at == text.size() || text[at] != '"') {
        item.text = own;
        return true;
      }
      ++at;
      own += c;
    } else if (c == '\\') {
      if (at == text.size()) return false;
      own += text[at++];
    } else {
      own += c;
    }
  }
  return false;
}

bool ValueWriter::array(const Type& type, std::string_view text, std::string& out, std::size_t depth) {
  std::size_t at = 0;
  if (text.starts_with('[')) at = std::min(text.find('='), text.size() - 1) + 1;  // lower bounds that are not 1
  int open = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '{') {
      ++open;
      out += '[';
      ++at;
    } else if (c == '}') {
      out += ']';
      ++at;
      if (--open == 0) return at == text.size();
    } else if (open == 0) {
      return false;
    } else if (c == type.delimiter) {
      out += ',';
      ++at;
    } else {
      Item item;
      if (c == '"') {
        if (!quoted(text, ++at, depth, item)) return false;
      } else {
        const std::size_t start = at;
        while (at < text.size() && text[at] != type.delimiter && text[at] != '}') ++at;
        item.text = text.substr(start, at - start);
      }
      if (!item.quoted && item.text == "NULL") out += "null";
      else write(*type.element, item.text, out, depth + 1);
    }
  }
  return false;
}

void ValueWriter::vector(const Type& type, std::string_view text, std::string& out, std::size_t depth) {
  out += '[';
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    write(*type.element, text.substr(0, end), out, depth + 1);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!text.empty()) out += ',';
  }
  out += ']';
}

bool ValueWriter::record(const Type& type, std::string_view text, std::string& out, std::size_t depth) {
  if (!text.starts_with('(')) return false;
  std::size_t at = 1;
  bool first = true;
  const std::size_t start = out.size();
  out += '{';
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    const Type::Field& field = type.fields[i];
    if (i > 0 && (at >= text.size() || text[at++] != ',')) return false;
    Item item;
    if (at < text.size() && text[at] == '"') {
      if (!quoted(text, ++at, depth, item)) return false;
    } else {
      const std::size_t from = at;
      while (at < text.size() && text[at] != ',' && text[at] != ')') ++at;
      item.text = text.substr(from, at - from);
    }
    const bool is_null = !item.quoted && item.text.empty();
    const std::size_t before = out.size();
    if (!first) out += ',';
    out += field.key;
    const std::size_t value = out.size();
    if (is_null) out += "null";
    else write(*field.type, item.text, out, depth + 1);
    if (nulls_ == Nulls::stripped && std::string_view(out).substr(value) == "null") out.resize(before);
    else first = false;
  }
  if (text.substr(at) != ")") return out.resize(start), false;
  out += '}';
  return true;
}

}  // namespace rest::json
