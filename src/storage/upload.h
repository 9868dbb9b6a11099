// The permission to write a key. An upload tries the caller's policy first, in a transaction that is rolled back;
// then it makes the bytes durable; then it writes the row with full rights.
#pragma once

#include "storage/objects.h"
#include "storage/request.h"
#include "storage/storage_context.h"

namespace storage {

// Throws access_denied, duplicate or bucket_not_found when the caller may not write this key.
Task<> check_may_write(StorageContext& context, const http::Request& rq, const std::string& bucket,
                       const std::string& key, OnConflict on_conflict);

}  // namespace storage
