// POST and PUT of an object's bytes. The caller's policy is tried first, in a transaction that is rolled back; then the
// bytes are made durable; then the row is written with full rights.
#pragma once

#include "storage/objects.h"
#include "storage/parts.h"
#include "storage/wire.h"

namespace storage {

Task<http::Response> create(Storage& storage, http::Request& rq);
Task<http::Response> update(Storage& storage, http::Request& rq);
Task<http::Response> upload_signed(Storage& storage, http::Request& rq);

// Throws access_denied, duplicate or no_such_bucket when the caller may not write this key.
Task<> prove_may_write(Parts& parts, const http::Request& rq, const std::string& bucket, const std::string& key,
                       OnConflict on_conflict);

}  // namespace storage
