#include "storage/download.h"
#include "storage/list.h"
#include "storage/parts.h"
#include "storage/remove.h"
#include "storage/sign.h"
#include "storage/storage.h"
#include "storage/upload.h"

namespace storage {

void mount(http::Router& r, Storage& s) {
  using http::Access;
  using http::Method;
  r.group("/storage/v1", {.errors = [](const http::Request&, const core::Problem& p) { return wire_problem(p); },
                          .cors = http::Cors::any_origin,
                          .encoded_bodies = http::EncodedBodies::kept});
  const http::Limits sent{.body = 0, .deadline = std::chrono::seconds(0)};
  // The bucket's own limit is judged by the use case; a form adds its fields and boundaries to it.
  const http::Limits received{.body = s.parts().config.max_upload + (2u << 20), .deadline = std::chrono::seconds(0)};

  r.get("/storage/v1/object/sign/{bucket}/{key...}", Access::anyone, on_wire(s, download_signed), sent);
  r.get("/storage/v1/object/public/{bucket}/{key...}", Access::anyone, on_wire(s, download_public), sent);
  r.get("/storage/v1/object/authenticated/{bucket}/{key...}", Access::bearer, on_wire(s, download_authenticated), sent);
  r.get("/storage/v1/object/{bucket}/{key...}", Access::bearer, on_wire(s, download), sent);

  r.get("/storage/v1/object/info/public/{bucket}/{key...}", Access::anyone, on_wire(s, info_public));
  r.get("/storage/v1/object/info/authenticated/{bucket}/{key...}", Access::bearer, on_wire(s, info_authenticated));
  r.get("/storage/v1/object/info/{bucket}/{key...}", Access::bearer, on_wire(s, info));
  r.post("/storage/v1/object/list/{bucket}", Access::bearer, on_wire(s, list));

  r.post("/storage/v1/object/sign/{bucket}", Access::bearer, on_wire(s, sign_many));
  r.post("/storage/v1/object/sign/{bucket}/{key...}", Access::bearer, on_wire(s, sign_one));
  r.post("/storage/v1/object/upload/sign/{bucket}/{key...}", Access::bearer, on_wire(s, sign_upload));

  r.stream(Method::put, "/storage/v1/object/upload/sign/{bucket}/{key...}", Access::anyone, on_wire(s, upload_signed),
           received);
  r.stream(Method::post, "/storage/v1/object/{bucket}/{key...}", Access::bearer, on_wire(s, create), received);
  r.stream(Method::put, "/storage/v1/object/{bucket}/{key...}", Access::bearer, on_wire(s, update), received);

  r.del("/storage/v1/object/{bucket}", Access::bearer, on_wire(s, remove_many));
  r.del("/storage/v1/object/{bucket}/{key...}", Access::bearer, on_wire(s, remove_one));
}

}  // namespace storage
