#include "rest/request/cursor.h"

#include <fmt/format.h>

#include "core/text.h"
#include "rest/error.h"

namespace rest::parser {
namespace {

constexpr std::size_t kLongestName = 255;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         c == ' ' || static_cast<unsigned char>(c) >= 0x80;
}

// The key after an arrow ends at the next token.
bool is_key_byte(char c) { return std::string_view("(-:.,>)").find(c) == std::string_view::npos; }

bool ends_key(const Cursor& c) {
  return c.at_end() || c.sees("->") || c.sees("::") || c.peek() == '.' || c.peek() == ',' || c.peek() == ')';
}

// A whole number that is the entire key.
std::optional<std::string> read_index(Cursor& c) {
  const std::size_t start = c.position();
  std::string digits;
  if (c.peek() == '+' || c.peek() == '-') {
    if (const char sign = c.take(); sign == '-') digits += sign;
  }
  const std::size_t signs = digits.size();
  while (c.peek() >= '0' && c.peek() <= '9' && digits.size() < 11) digits += c.take();
  if (digits.size() > signs && digits.size() < 11 && ends_key(c)) return digits;
  c.back_to(start);
  return std::nullopt;
}

}  // namespace

bool Cursor::eat(std::string_view word) {
  if (!sees(word)) return false;
  at_ += word.size();
  return true;
}

void Cursor::skip_spaces() {
  while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
}

void Cursor::fail(std::string_view expecting) const {
  std::string details = at_end() ? "unexpected end of input" : fmt::format("unexpected \"{}\"", [this] {
    std::size_t length = 1;  // the whole UTF-8 character
    while (at_ + length < text_.size() && (static_cast<unsigned char>(text_[at_ + length]) & 0xC0) == 0x80) ++length;
    return text_.substr(at_, length);
  }());
  if (!expecting.empty()) details += fmt::format(" expecting {}", expecting);
  throw Error(400, "PGRST100", fmt::format("\"failed to parse {} ({})\" (line 1, column {})", what_, text_, at_ + 1),
              json_string(details));
}

void Cursor::expect(std::string_view word) {
  if (!eat(word)) fail(fmt::format("\"{}\"", word));
}

void Cursor::expect_end() {
  if (!at_end()) fail("end of input");
}

std::string read_quoted(Cursor& c) {
  c.expect("\"");
  std::string out;
  while (c.peek() != '"' || c.at_end()) {
    if (c.at_end()) c.fail("\"\\\"\"");
    char next = c.take();
    if (next == '\\') {
      if (c.at_end()) c.fail("\"\\\"\"");
      next = c.take();
    }
    out += next;
  }
  c.expect("\"");
  return out;
}

std::string read_name(Cursor& c) {
  c.skip_spaces();
  if (c.peek() == '"') {
    std::string name = read_quoted(c);
    c.skip_spaces();
    if (name.empty() || name.size() > kLongestName) c.fail("field name (* or [a..z0..9_$])");
    return name;
  }
  std::string name;
  const auto is_dash = [&c] { return c.peek() == '-' && !c.sees("->"); };
  while (!c.at_end() && (is_name_byte(c.peek()) || (is_dash() && !name.empty()))) name += c.take();
  while (name.ends_with(' ')) name.pop_back();
  if (name.empty() || name.size() > kLongestName) c.fail("field name (* or [a..z0..9_$])");
  return name;
}

std::vector<JsonOperation> read_json_path(Cursor& c) {
  std::vector<JsonOperation> path;
  while (c.sees("->")) {
    if (path.size() == 32) c.fail("a shorter path");
    JsonOperation step;
    step.as_text = c.eat("->>");
    if (!step.as_text) c.expect("->");
    if (auto index = read_index(c)) {
      step.key = std::move(*index);
      step.is_index = true;
    } else if (c.peek() == '"') {
      step.key = read_quoted(c);
    } else {
      const auto is_dash = [&c] { return c.peek() == '-' && !c.sees("->"); };
      while (!c.at_end() && (is_key_byte(c.peek()) || is_dash())) step.key += c.take();
      if (step.key.empty()) c.fail("any non reserved character different from: .,>()");
    }
    path.push_back(std::move(step));
  }
  return path;
}

Field read_field(Cursor& c) {
  Field field;
  field.name = read_name(c);
  field.path = read_json_path(c);
  return field;
}

}  // namespace rest::parser
