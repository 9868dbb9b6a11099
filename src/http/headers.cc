#include <algorithm>

#include "core/text.h"
#include "http/request.h"

namespace http {

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::patch: return "PATCH";
    case Method::del: return "DELETE";
    case Method::options: return "OPTIONS";
  }
  return "";
}

void Headers::add(std::string name, std::string value) { list_.emplace_back(std::move(name), std::move(value)); }

void Headers::set(std::string name, std::string value) {
  std::erase_if(list_, [&](const auto& field) { return core::iequals(field.first, name); });
  add(std::move(name), std::move(value));
}

std::string_view Headers::get(std::string_view name) const {
  const auto found = std::ranges::find_if(list_, [&](const auto& field) { return core::iequals(field.first, name); });
  return found == list_.end() ? std::string_view{} : std::string_view{found->second};
}

bool Headers::has(std::string_view name) const {
  return std::ranges::any_of(list_, [&](const auto& field) { return core::iequals(field.first, name); });
}

}  // namespace http
