#include "storage/endpoints.h"
#include "storage/error.h"
#include "storage/storage_context.h"

namespace storage {

void mount(http::Router& r, Storage& s) {
  using http::Access;
  using http::Method;
  r.group("/storage/v1",
          {.errors = format_error, .cors = http::Cors::any_origin, .encoded_bodies = http::EncodedBodies::kept});
  const http::Limits download_limits{.body = 0, .deadline = std::chrono::seconds(0)};
  // upload.cc enforces the bucket's own limit. 2 MiB leave room for a form's fields and boundaries.
  const http::Limits upload_limits{.body = s.context().config.max_upload + (2u << 20),
                                   .deadline = std::chrono::seconds(0)};

  r.get("/storage/v1/object/sign/{bucket}/{key...}", Access::anyone, endpoint(s, download_signed), download_limits);
  r.get("/storage/v1/object/public/{bucket}/{key...}", Access::anyone, endpoint(s, download_public), download_limits);
  r.get("/storage/v1/object/authenticated/{bucket}/{key...}", Access::bearer, endpoint(s, download_authenticated),
        download_limits);
  r.get("/storage/v1/object/{bucket}/{key...}", Access::bearer, endpoint(s, download), download_limits);

  r.get("/storage/v1/object/info/public/{bucket}/{key...}", Access::anyone, endpoint(s, info_public));
  r.get("/storage/v1/object/info/authenticated/{bucket}/{key...}", Access::bearer, endpoint(s, info_authenticated));
  r.get("/storage/v1/object/info/{bucket}/{key...}", Access::bearer, endpoint(s, info));
  r.post("/storage/v1/object/list/{bucket}", Access::bearer, endpoint(s, list));

  r.post("/storage/v1/object/sign/{bucket}", Access::bearer, endpoint(s, sign_many));
  r.post("/storage/v1/object/sign/{bucket}/{key...}", Access::bearer, endpoint(s, sign_one));
  r.post("/storage/v1/object/upload/sign/{bucket}/{key...}", Access::bearer, endpoint(s, sign_upload));

  r.stream(Method::put, "/storage/v1/object/upload/sign/{bucket}/{key...}", Access::anyone, endpoint(s, upload_signed),
           upload_limits);
  r.stream(Method::post, "/storage/v1/object/{bucket}/{key...}", Access::bearer, endpoint(s, create), upload_limits);
  r.stream(Method::put, "/storage/v1/object/{bucket}/{key...}", Access::bearer, endpoint(s, update), upload_limits);

  r.del("/storage/v1/object/{bucket}", Access::bearer, endpoint(s, delete_many));
  r.del("/storage/v1/object/{bucket}/{key...}", Access::bearer, endpoint(s, delete_one));
}

}  // namespace storage
