// Which files a project takes: JPEG, PNG and WebP of up to 50 million pixels, judged by their first bytes.
#pragma once

#include <memory>
#include <string>

#include "projects/input_rules.h"

namespace pipeline {

std::unique_ptr<projects::InputCheck> accept_photograph(std::string file_name);

}  // namespace pipeline
