// SQL as it is put together: trusted words, quoted names, bound values. Nothing of a request gets into the text in any
// other way.
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
  SqlText& literal(std::string_view text);                                 // 'text', whatever the session's settings
  SqlText& number(std::int64_t number);
  SqlText& bind(std::string value);  // $n, of a type that Postgres finds by itself
  SqlText& bind_null();
  // A type that a cast names: SQL's own words as they are, all else as a quoted name.
  SqlText& type(std::string_view name);

  const std::string& text() const { return text_; }
  pg::Params& params() { return params_; }
  const pg::Params& params() const { return params_; }

 private:
  std::string text_;
  pg::Params params_;
};

// {"a","b"}: the text of an array.
std::string array_text(const std::vector<std::string>& elements);

}  // namespace rest
