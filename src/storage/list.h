// POST /object/list/{bucket}: the children of one folder.
#pragma once

#include "storage/wire.h"

namespace storage {

Task<http::Response> list(Storage& storage, http::Request& rq);

}  // namespace storage
