// The grammar written back as text: what the parsers read must give the same tree again.
#pragma once

#include <string>

#include "rest/grammar/query.h"

namespace writer {

std::string name(const std::string& name);
std::string field(const rest::Field& field);
// In a logic tree values are quoted; at the top they stand as they are.
std::string operation(const rest::Operation& operation, bool in_logic);
std::string logic(const rest::Logic& logic);
std::string order(const std::vector<rest::Order>& order);
std::string select(const std::vector<rest::Item>& items);
bool same(const std::vector<rest::Item>& a, const std::vector<rest::Item>& b);

}  // namespace writer
