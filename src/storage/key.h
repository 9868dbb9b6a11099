// Valid bucket names. valid_key(), for objects, is in storage.h.
#pragma once

#include <string_view>

namespace storage {

bool valid_bucket(std::string_view name);

}  // namespace storage
