// DELETE of objects: rows at once, as the caller's policy allows, bytes afterwards.
#pragma once

#include "storage/wire.h"

namespace storage {

Task<http::Response> remove_one(Storage& storage, http::Request& rq);
Task<http::Response> remove_many(Storage& storage, http::Request& rq);

}  // namespace storage
