// Writes query trees as text, for round trips through the parsers.
#pragma once

#include <string>

#include "rest/request/query_params.h"

namespace writer {

std::string name(const std::string& name);
std::string field(const rest::Field& field);
// Values are quoted in a logic tree, and plain at the top.
std::string operation(const rest::Operation& operation, bool in_logic);
std::string logic(const rest::LogicTree& logic);
std::string order(const std::vector<rest::OrderTerm>& order);
std::string select(const std::vector<rest::SelectItem>& items);
bool same(const std::vector<rest::SelectItem>& a, const std::vector<rest::SelectItem>& b);

}  // namespace writer
