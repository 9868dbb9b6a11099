// JSON in and out. Json is a parsed, immutable value; JsonWriter writes a document piece by piece into a string.
// Parsing is strict (RFC 8259) and bounded in depth; of equal names the last wins.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"

namespace core {

class Json {
 public:
  Json();  // null
  // Nothing when `text` is no JSON, nests deeper than 64, has anything after the value or a number beyond a double.
  static std::optional<Json> parse(std::string_view text);

  bool is_null() const;
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;
  bool is_number() const;
  bool is_bool() const;

  // Lookups never throw: a missing member or another type gives null or nothing.
  Json operator[](std::string_view name) const;
  Json operator[](std::size_t index) const;
  bool has(std::string_view name) const;
  std::size_t size() const;  // members or elements; 0 for the rest
  std::optional<std::string> string() const;
  std::string string_or(std::string_view fallback) const;
  std::optional<std::int64_t> integer() const;  // whole numbers only
  std::optional<double> number() const;
  std::optional<bool> boolean() const;
  std::vector<std::pair<std::string, Json>> members() const;
  std::vector<Json> elements() const;
  std::string dump() const;  // compact

 private:
  struct Node;
  std::shared_ptr<const Node> root_;  // keeps the document alive
  const void* value_ = nullptr;
};

// Appends to its own string. Commas and quotes are its business; the nesting is the caller's:
//   JsonWriter w; w.begin().key("id").value(id).key("tags").begin_array().value("a").end_array().end();
class JsonWriter {
 public:
  JsonWriter& begin();
  JsonWriter& end();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view{text}); }
  JsonWriter& value(const std::string& text) { return value(std::string_view{text}); }
  JsonWriter& value(std::same_as<bool> auto flag) { return raw(flag ? "true" : "false"); }
  JsonWriter& value(std::integral auto number)
    requires(!std::same_as<decltype(number), bool>)
  {
    return raw(std::to_string(number));
  }
  JsonWriter& value(double number);
  JsonWriter& value(const Uuid& id) { return value(id.str()); }
  template <class Tag>
  JsonWriter& value(const Id<Tag>& id) {
    return value(id.str());
  }
  template <class T>
  JsonWriter& value(const std::optional<T>& maybe) {
    return maybe ? value(*maybe) : null();
  }
  JsonWriter& null() { return raw("null"); }
  JsonWriter& raw(std::string_view json);  // trusted JSON text, e.g. a jsonb column
  template <class T>
  JsonWriter& field(std::string_view name, const T& v) {
    return key(name).value(v);
  }
  std::string take() { return std::move(out_); }
  const std::string& str() const { return out_; }

 private:
  void separate();
  std::string out_;
  bool needs_comma_ = false;
};

void append_json_string(std::string& out, std::string_view text);  // quoted; invalid UTF-8 becomes U+FFFD
void append_json_utf8(std::string& out, std::string_view text);    // quoted; trusted to be valid UTF-8

}  // namespace core
