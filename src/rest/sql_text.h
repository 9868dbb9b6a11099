// Builds SQL from trusted text, quoted names and bound values, the only ways for a request's text into a statement.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pg/row.h"

namespace rest {

class SqlText {
 public:
  SqlText& operator<<(std::string_view sql) {  // trusted text only
    text_ += sql;
    return *this;
  }
  SqlText& name(std::string_view identifier);
  SqlText& name(std::string_view qualifier, std::string_view identifier);  // "a"."b"
  SqlText& literal(std::string_view text);                                 // 'text', safe under any session setting
  SqlText& number(std::int64_t number);
  SqlText& bind(std::string value);  // $n, of a type that Postgres infers
  SqlText& bind_null();
  // The type of a cast: SQL's own type names unquoted, others as quoted names.
  SqlText& type(std::string_view name);

  const std::string& text() const { return text_; }
  pg::Params& params() { return params_; }
  const pg::Params& params() const { return params_; }

 private:
  std::string text_;
  pg::Params params_;
};

// {"a","b"}: an array literal.
std::string array_text(const std::vector<std::string>& elements);

}  // namespace rest
