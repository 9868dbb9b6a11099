#include "html/html.h"

namespace html {

Data& Data::set(std::string name, std::string value) {
  members_.insert_or_assign(std::move(name), Value{std::in_place_type<std::string>, std::move(value)});
  return *this;
}

Data& Data::set(std::string name, const char* value) { return set(std::move(name), std::string{value}); }

Data& Data::set(std::string name, bool value) {
  members_.insert_or_assign(std::move(name), Value{std::in_place_type<bool>, value});
  return *this;
}

Data& Data::set(std::string name, Data value) {
  members_.insert_or_assign(std::move(name), Value{std::make_shared<Data>(std::move(value))});
  return *this;
}

Data& Data::set(std::string name, Rows rows) {
  members_.insert_or_assign(std::move(name), Value{std::move(rows)});
  return *this;
}

}  // namespace html
