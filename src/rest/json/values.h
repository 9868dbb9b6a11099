// Writes one value's text as JSON by its type. Private to json/.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "rest/json/types.h"

namespace rest::json {

enum class Nulls : std::uint8_t { kept, stripped };  // members of objects whose value is null

class ValueWriter {
 public:
  explicit ValueWriter(Nulls nulls) : nulls_(nulls) {}
  // Appends what to_json gives, or json_strip_nulls of it. Text that does not match its type becomes a string: the type
  // may have changed since the schema cache was read.
  void write(const Type& type, std::string_view text, std::string& out) { write(type, text, out, 0); }

 private:
  // An item between delimiters. An escaped text is unescaped into the scratch of its depth.
  struct Item {
    std::string_view text;
    bool quoted = false;
  };
  void write(const Type& type, std::string_view text, std::string& out, std::size_t depth);
  bool array(const Type& type, std::string_view text, std::string& out, std::size_t depth);
  void vector(const Type& type, std::string_view text, std::string& out, std::size_t depth);
  bool record(const Type& type, std::string_view text, std::string& out, std::size_t depth);
  // Reads a quoted item from after its opening quote and leaves `at` after the closing one. False when there is none.
  bool quoted(std::string_view text, std::size_t& at, std::size_t depth, Item& item);

  static constexpr std::size_t kDepth = 18;  // more than types.cc lets types nest
  Nulls nulls_;
  std::array<std::string, kDepth> scratch_;
};

}  // namespace rest::json
