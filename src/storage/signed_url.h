// Making and checking the `token` of a signed URL.
#pragma once

#include "storage/request.h"
#include "storage/signed_url_token.h"
#include "storage/storage_context.h"

namespace storage {

// A token for downloading "<bucket>/<key>" until `seconds` from now.
std::string download_token(const StorageContext& context, std::string path, std::int64_t seconds);
// The verified claims of the request's `token`. Throws StorageError when it is missing, forged, expired, or made for
// another purpose or path.
SignedUrlClaims verify_signed_url(const StorageContext& context, const http::Request& rq, Scope scope,
                                  const std::string& path);

}  // namespace storage
