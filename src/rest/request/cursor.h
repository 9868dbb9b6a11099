// A cursor over one text of the query grammar, shared by its parsers. Private to request/.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "rest/request/query_types.h"

namespace rest::parser {

class Cursor {
 public:
  // `what` names the text in errors: "select parameter", "filter", …
  Cursor(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  std::string_view rest() const { return text_.substr(at_); }
  std::string_view text() const { return text_; }
  bool sees(std::string_view word) const { return rest().starts_with(word); }
  bool eat(std::string_view word);
  char take() { return text_[at_++]; }
  void skip_spaces();
  std::size_t position() const { return at_; }
  void back_to(std::size_t position) { at_ = position; }

  // Throws Error PGRST100: `unexpected "x" expecting …`.
  [[noreturn]] void fail(std::string_view expecting) const;
  void expect(std::string_view word);
  void expect_end();

 private:
  std::string_view text_;
  std::string_view what_;
  std::size_t at_ = 0;
};

// A column's or resource's name: bare (letters, digits, `_`, `$`, spaces, `-` before no `>`) or in double quotes.
std::string read_name(Cursor& c);
// "…" with \" and \\ inside.
std::string read_quoted(Cursor& c);
// ->key->>0 …, none or more.
std::vector<JsonOperation> read_json_path(Cursor& c);
Field read_field(Cursor& c);
// The operator and its value, which extends to the end of a parameter; in a logic tree, to the next `,` or `)`.
enum class Where { top, in_logic };
Operation read_operation(Cursor& c, Where where);
// (…,…) with nested and(…), or(…).
LogicTree read_conditions(Cursor& c, int depth);

}  // namespace rest::parser
