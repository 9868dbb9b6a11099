// Signed links: one, many, and the one that allows an upload.
#pragma once

#include "storage/wire.h"

namespace storage {

Task<http::Response> sign_one(Storage& storage, http::Request& rq);
Task<http::Response> sign_many(Storage& storage, http::Request& rq);
Task<http::Response> sign_upload(Storage& storage, http::Request& rq);

}  // namespace storage
