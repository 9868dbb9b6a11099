// The endpoints of /storage/v1, one use case a file.
#pragma once

#include "storage/request.h"

namespace storage {

// download.cc: GET and HEAD, by policy, from a public bucket or by signed URL; and an object's description.
Task<http::Response> download(Storage& storage, http::Request& rq);
Task<http::Response> download_authenticated(Storage& storage, http::Request& rq);
Task<http::Response> download_public(Storage& storage, http::Request& rq);
Task<http::Response> download_signed(Storage& storage, http::Request& rq);
Task<http::Response> info(Storage& storage, http::Request& rq);
Task<http::Response> info_authenticated(Storage& storage, http::Request& rq);
Task<http::Response> info_public(Storage& storage, http::Request& rq);

// list.cc: the children of one folder.
Task<http::Response> list(Storage& storage, http::Request& rq);

// sign.cc: signed URLs for one download, for many, and for an upload.
Task<http::Response> sign_one(Storage& storage, http::Request& rq);
Task<http::Response> sign_many(Storage& storage, http::Request& rq);
Task<http::Response> sign_upload(Storage& storage, http::Request& rq);

// upload.cc: POST and PUT of an object's bytes.
Task<http::Response> create(Storage& storage, http::Request& rq);
Task<http::Response> update(Storage& storage, http::Request& rq);
Task<http::Response> upload_signed(Storage& storage, http::Request& rq);

// delete_object.cc: rows at once, as the caller's policy allows; files afterwards.
Task<http::Response> delete_one(Storage& storage, http::Request& rq);
Task<http::Response> delete_many(Storage& storage, http::Request& rq);

}  // namespace storage
