// Names that a bucket or an object may have. valid_key() is in storage.h.
#pragma once

#include <string_view>

namespace storage {

bool valid_bucket(std::string_view name);

}  // namespace storage
