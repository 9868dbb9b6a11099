// GET and HEAD of an object: by its policy, from a public bucket, or by a signed link; and its description.
#pragma once

#include "storage/wire.h"

namespace storage {

Task<http::Response> download(Storage& storage, http::Request& rq);
Task<http::Response> download_authenticated(Storage& storage, http::Request& rq);
Task<http::Response> download_public(Storage& storage, http::Request& rq);
Task<http::Response> download_signed(Storage& storage, http::Request& rq);
Task<http::Response> info(Storage& storage, http::Request& rq);
Task<http::Response> info_authenticated(Storage& storage, http::Request& rq);
Task<http::Response> info_public(Storage& storage, http::Request& rq);

}  // namespace storage
