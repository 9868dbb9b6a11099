// One value's text, as the server sent it, to JSON by its type. Private to json/.
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
  // Appends what to_json gives (or json_strip_nulls of it). Text that does not fit its type, as after a change of the
  // type that the catalogue has not seen yet, becomes a string.
  void write(const Type& type, std::string_view text, std::string& out) { write(type, text, out, 0); }

 private:
  // An item between delimiters: its text, unescaped into the scratch of its depth where it must be.
  struct Item {
    std::string_view text;
    bool quoted = false;
  };
  void write(const Type& type, std::string_view text, std::string& out, std::size_t depth);
  bool array(const Type& type, std::string_view text, std::string& out, std::size_t depth);
  void vector(const Type& type, std::string_view text, std::string& out, std::size_t depth);
  bool record(const Type& type, std::string_view text, std::string& out, std::size_t depth);
  // Reads a quoted item from after its opening quote, and leaves `at` behind the closing one. False: no closing one.
  bool quoted(std::string_view text, std::size_t& at, std::size_t depth, Item& item);

  static constexpr std::size_t kDepth = 18;  // above what types.cc lets types nest
  Nulls nulls_;
  std::array<std::string, kDepth> scratch_;
};

}  // namespace rest::json
