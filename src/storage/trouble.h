// Refusals whose sentence is the text storage.problem.<code>.
#pragma once

#include <string>

#include "core/problem.h"

namespace storage {

core::Problem trouble(int status, const std::string& code);

}  // namespace storage
