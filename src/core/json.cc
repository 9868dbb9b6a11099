#include "core/json.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

namespace core {

namespace bj = boost::json;

struct Json::Node {
  bj::value value;
};

namespace {
const bj::value* at(const void* value) { return static_cast<const bj::value*>(value); }

// A number beyond a double would be read as infinity, which JSON cannot express. The parser has limited the depth.
bool is_finite(const bj::value& value) {
  if (value.is_double()) return std::isfinite(value.get_double());
  if (value.is_array()) return std::ranges::all_of(value.get_array(), is_finite);
  if (value.is_object())
    return std::ranges::all_of(value.get_object(), [](const auto& member) { return is_finite(member.value()); });
  return true;
}
}  // namespace

Json::Json() = default;

std::optional<Json> Json::parse(std::string_view text) {
  bj::parse_options options;
  options.max_depth = 64;
  boost::system::error_code error;
  auto node = std::make_shared<Node>();
  node->value = bj::parse(text, error, {}, options);
  if (error || !is_finite(node->value)) return std::nullopt;
  Json out;
  out.value_ = &node->value;
  out.root_ = std::move(node);
  return out;
}

bool Json::is_null() const { return value_ == nullptr || at(value_)->is_null(); }
bool Json::is_object() const { return value_ != nullptr && at(value_)->is_object(); }
bool Json::is_array() const { return value_ != nullptr && at(value_)->is_array(); }
bool Json::is_string() const { return value_ != nullptr && at(value_)->is_string(); }
bool Json::is_number() const { return value_ != nullptr && at(value_)->is_number(); }
bool Json::is_bool() const { return value_ != nullptr && at(value_)->is_bool(); }

Json Json::operator[](std::string_view name) const {
  Json out;
  if (!is_object()) return out;
  if (const bj::value* found = at(value_)->get_object().if_contains(name)) {
    out.root_ = root_;
    out.value_ = found;
  }
  return out;
}

Json Json::operator[](std::size_t index) const {
  Json out;
  if (!is_array() || index >= at(value_)->get_array().size()) return out;
  out.root_ = root_;
  out.value_ = &at(value_)->get_array()[index];
  return out;
}

bool Json::has(std::string_view name) const { return is_object() && at(value_)->get_object().contains(name); }

std::size_t Json::size() const {
  if (is_object()) return at(value_)->get_object().size();
  if (is_array()) return at(value_)->get_array().size();
  return 0;
}

std::optional<std::string> Json::string() const {
  if (!is_string()) return std::nullopt;
  return std::string(std::string_view(at(value_)->get_string()));
}

std::string Json::string_or(std::string_view fallback) const { return string().value_or(std::string(fallback)); }

std::optional<std::int64_t> Json::integer() const {
  if (!is_number()) return std::nullopt;
  const bj::value& value = *at(value_);
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64()) return std::nullopt;
  const double number = value.get_double();
  if (std::floor(number) != number || std::abs(number) > 9007199254740992.0) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<double> Json::number() const {
  if (!is_number()) return std::nullopt;
  return at(value_)->to_number<double>();
}

std::optional<bool> Json::boolean() const {
  if (!is_bool()) return std::nullopt;
  return at(value_)->get_bool();
}

std::vector<std::pair<std::string, Json>> Json::members() const {
  std::vector<std::pair<std::string, Json>> out;
  if (!is_object()) return out;
  for (const auto& member : at(value_)->get_object()) {
    Json child;
    child.root_ = root_;
    child.value_ = &member.value();
    out.emplace_back(std::string(std::string_view(member.key())), child);
  }
  return out;
}

std::vector<Json> Json::elements() const {
  std::vector<Json> out;
  for (std::size_t i = 0; i < (is_array() ? size() : 0); ++i) out.push_back((*this)[i]);
  return out;
}

std::string Json::dump() const { return value_ == nullptr ? "null" : bj::serialize(*at(value_)); }

void JsonWriter::separate() {
  if (needs_comma_) out_ += ',';
  needs_comma_ = true;
}

JsonWriter& JsonWriter::begin() {
  separate();
  out_ += '{';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end() {
  out_ += '}';
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  out_ += '[';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  out_ += ']';
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(double number) { return std::isfinite(number) ? raw(fmt::format("{}", number)) : null(); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

}  // namespace core
