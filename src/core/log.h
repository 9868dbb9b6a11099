// One JSON object a line on standard error: time, level, event, the task context's request, user and job ids, fields.
// Events are named module.noun.past_verb. Never a token, a cookie, a password or a body.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/ids.h"

namespace core::log {

enum class Level { debug, info, warn, error };

class Value {
 public:
  Value(const char* text) : text_(text) {}
  Value(std::string_view text) : text_(text) {}
  Value(const std::string& text) : text_(text) {}
  Value(bool flag) : text_(flag ? "true" : "false"), quoted_(false) {}
  Value(std::integral auto number) : text_(std::to_string(number)), quoted_(false) {}
  Value(double number);
  Value(const Uuid& id) : text_(id.str()) {}
  template <class Tag>
  Value(const Id<Tag>& id) : text_(id.str()) {}
  const std::string& text() const { return text_; }
  bool quoted() const { return quoted_; }

 private:
  std::string text_;
  bool quoted_ = true;
};

struct Field {
  std::string_view name;
  Value value;
};
using Fields = std::initializer_list<Field>;

void set_level(Level lowest);
void write(Level level, std::string_view event, Fields fields);
inline void debug(std::string_view event, Fields fields = {}) { write(Level::debug, event, fields); }
inline void info(std::string_view event, Fields fields = {}) { write(Level::info, event, fields); }
inline void warn(std::string_view event, Fields fields = {}) { write(Level::warn, event, fields); }
inline void error(std::string_view event, Fields fields = {}) { write(Level::error, event, fields); }

}  // namespace core::log
