#include "support/storage_app.h"

#include "core/crypto.h"

using http::Method;
using support::Answer;
using support::Call;
using support::StorageApp;

namespace {

std::string code(const Answer& answer) {
  CHECK(answer.status == 400);
  return answer.json()["code"].string_or("(none)");
}

std::string put_output(StorageApp& app, core::UserId user) {
  const std::string key = "u_" + user.str() + "/p_" + core::Uuid::random().str() + "/final.mp4";
  const Answer made = app.call(Call{.method = Method::post,
                                    .target = "/storage/v1/object/project-outputs/" + key,
                                    .caller = support::key("service_role"),
                                    .headers = {{"Content-Type", "video/mp4"}},
                                    .body = "film"});
  REQUIRE(made.status == 200);
  return key;
}

}  // namespace

TEST_CASE("the owner reads their outputs; another user and a visitor find nothing") {
  StorageApp app;
  const auto ada = app.sign_up(), eve = app.sign_up();
  const std::string key = put_output(app, ada);
  const std::string at = "/storage/v1/object/project-outputs/" + key;
  CHECK(app.call(Call{.method = Method::get, .target = at, .caller = support::user(ada)}).body == "film");
  CHECK(code(app.call(Call{.method = Method::get, .target = at, .caller = support::user(eve)})) == "NoSuchKey");
  CHECK(code(app.call(Call{.method = Method::get, .target = at, .caller = support::key("anon")})) == "NoSuchKey");
  CHECK(code(app.call(Call{.method = Method::get, .target = at})) == "NoSuchBucket");
  const std::string sign = "/storage/v1/object/sign/project-outputs/" + key;
  CHECK(code(app.call(Call{
            .method = Method::post, .target = sign, .caller = support::user(eve), .body = R"({"expiresIn":60})"})) ==
        "NoSuchKey");
  const Answer many = app.call(Call{.method = Method::post,
                                    .target = "/storage/v1/object/sign/project-outputs",
                                    .caller = support::user(eve),
                                    .body = R"({"expiresIn":60,"paths":[")" + key + "\"]}"});
  CHECK(many.json()[std::size_t{0}]["signedURL"].is_null());
  CHECK(app.call(Call{.method = Method::post,
                      .target = "/storage/v1/object/list/project-outputs",
                      .caller = support::user(eve),
                      .body = R"({"prefix":"u_)" + ada.str() + "\"}"})
            .body == "[]");
  CHECK(code(app.call(Call{.method = Method::get,
                           .target = "/storage/v1/object/info/project-outputs/" + key,
                           .caller = support::user(eve)})) == "NoSuchKey");
}

TEST_CASE("a user writes and deletes nothing, not even below their own folder") {
  StorageApp app;
  const auto ada = app.sign_up();
  const std::string key = put_output(app, ada);
  for (const std::string bucket : {"project-outputs", "project-assets"}) {
    const std::string mine = "/storage/v1/object/" + bucket + "/u_" + ada.str() + "/mine.png";
    for (const Method method : {Method::post, Method::put})
      for (const char* upsert : {"false", "true"})
        CHECK(code(app.call(Call{.method = method,
                                 .target = mine,
                                 .caller = support::user(ada),
                                 .headers = {{"Content-Type", "image/png"}, {"x-upsert", upsert}},
                                 .body = "x"})) == "AccessDenied");
    CHECK(code(app.call(Call{.method = Method::post,
                             .target = "/storage/v1/object/upload/sign/" + bucket + "/u_" + ada.str() + "/mine.png",
                             .caller = support::user(ada),
                             .body = "{}"})) == "AccessDenied");
  }
  CHECK(app.call(Call{.method = Method::del,
                      .target = "/storage/v1/object/project-outputs",
                      .caller = support::user(ada),
                      .body = R"({"prefixes":[")" + key + "\"]}"})
            .body == "[]");
  CHECK(code(app.call(Call{.method = Method::del,
                           .target = "/storage/v1/object/project-outputs/" + key,
                           .caller = support::user(ada)})) == "AccessDenied");
  CHECK(app.files() == 1);
}

TEST_CASE("without a token no route that needs one does anything") {
  StorageApp app;
  const struct {
    Method method;
    const char* path;
  } table[] = {{Method::post, "project-assets/x"},
               {Method::put, "project-assets/x"},
               {Method::del, "project-assets/x"},
               {Method::del, "project-assets"},
               {Method::post, "list/project-assets"},
               {Method::post, "sign/project-assets/x"},
               {Method::post, "sign/project-assets"},
               {Method::post, "upload/sign/project-assets/x"},
               {Method::get, "authenticated/project-assets/x"},
               {Method::get, "info/authenticated/project-assets/x"}};
  for (const auto& row : table) {
    const Answer answer = app.call(Call{.method = row.method,
                                        .target = std::string("/storage/v1/object/") + row.path,
                                        .body = R"({"expiresIn":1,"paths":["x"],"prefixes":["x"]})"});
    CHECK(answer.status == 400);
    CHECK_MESSAGE(answer.json()["statusCode"].string_or("") == "403", row.path);
    CHECK(answer.json()["error"].string_or("") == "Unauthorized");
  }
}

TEST_CASE("a signed URL opens nothing but its own object") {
  StorageApp app;
  const auto ada = app.sign_up(), eve = app.sign_up();
  const std::string mine = put_output(app, eve), theirs = put_output(app, ada);
  const std::string path = app.storage().signed_path("project-outputs", mine, 60);
  const std::string token = path.substr(path.find("token=") + 6);
  const auto get = [&](const std::string& at, const std::string& with) {
    return app.call(Call{.method = Method::get, .target = "/storage/v1/object/sign/" + at + with});
  };
  CHECK(get("project-outputs/" + mine, "?token=" + token).body == "film");
  CHECK(code(get("project-outputs/" + theirs, "?token=" + token)) == "InvalidSignature");
  CHECK(code(get("project-assets/" + mine, "?token=" + token)) == "InvalidSignature");
  CHECK(code(get("project-outputs/" + mine, "")) == "InvalidRequest");
  CHECK(code(get("project-outputs/" + mine, "?token=")) == "InvalidRequest");
  CHECK(code(get("project-outputs/" + mine, "?token=" + token + "x")) == "InvalidJWT");
  CHECK(code(get("project-outputs/" + mine, "?token=" + token.substr(0, token.rfind('.') + 1))) == "InvalidJWT");
  CHECK(code(app.call(Call{.method = Method::put,
                           .target = "/storage/v1/object/upload/sign/project-outputs/" + mine + "?token=" + token,
                           .headers = {{"Content-Type", "image/png"}},
                           .body = "mine now"})) == "InvalidSignature");
  CHECK(get("project-outputs/" + mine, "?token=" + token).body == "film");
}

TEST_CASE("a signed URL lives at most a week, and only for a whole number of seconds") {
  StorageApp app;
  const auto ada = app.sign_up();
  const std::string key = put_output(app, ada);
  for (const char* body : {R"({"expiresIn":0})", R"({"expiresIn":-5})", R"({"expiresIn":604801})",
                           R"({"expiresIn":"60"})", R"({"expiresIn":1.5})", "{}", "[]", "", "x"})
    CHECK_MESSAGE(code(app.call(Call{.method = Method::post,
                                     .target = "/storage/v1/object/sign/project-outputs/" + key,
                                     .caller = support::user(ada),
                                     .body = body})) == "InvalidRequest",
                  body);
}

TEST_CASE("nothing a caller sends can widen a signed URL") {
  StorageApp app;
  const auto ada = app.sign_up();
  const std::string key = put_output(app, ada);
  const Answer made = app.call(Call{
      .method = Method::post,
      .target = "/storage/v1/object/sign/project-outputs/" + key,
      .caller = support::user(ada),
      .body = R"({"expiresIn":60,"url":"project-outputs/x","scope":"upload","role":"service_role","upsert":true})"});
  const std::string link = made.json()["signedURL"].string_or("");
  const std::string token = link.substr(link.find("token=") + 6);
  const auto claims = core::unbase64url(token.substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1));
  const auto json = core::Json::parse(*claims);
  CHECK((*json)["url"].string_or("") == "project-outputs/" + key);
  CHECK((*json)["scope"].string_or("") == "download");
  CHECK(!json->has("role"));
  CHECK(!json->has("upsert"));
}

TEST_CASE("no key leaves the store's folder") {
  StorageApp app;
  for (const char* key : {"..%2F..%2Fetc%2Fpasswd", "a/../../b", "a//b", "./a", "a%5Cb", "a%00b", "%C3%A4", "a%23b"}) {
    const std::string target = std::string("/storage/v1/object/project-assets/") + key;
    CHECK_MESSAGE(code(app.call(Call{.method = Method::post,
                                     .target = target,
                                     .caller = support::key("service_role"),
                                     .headers = {{"Content-Type", "image/png"}},
                                     .body = "x"})) == "InvalidKey",
                  key);
    CHECK(code(app.call(Call{.method = Method::get, .target = target, .caller = support::key("service_role")})) ==
          "InvalidKey");
  }
  CHECK(app.files() == 0);
}

TEST_CASE("a row whose version is a path reads nothing") {
  StorageApp app;
  const std::string key = core::Uuid::random().str();
  app.owner.query(
      "insert into storage.objects (bucket_id, name, version) values ('project-assets', $1, "
      "'../../../../etc/passwd')",
      {key});
  CHECK(code(app.call(Call{.method = Method::get,
                           .target = "/storage/v1/object/project-assets/" + key,
                           .caller = support::key("service_role")})) == "NoSuchKey");
}

TEST_CASE("what a browser could execute is never served for execution") {
  StorageApp app;
  const auto ada = app.sign_up();
  for (const char* type : {"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"}) {
    const std::string key = "u_" + ada.str() + "/" + core::Uuid::random().str();
    REQUIRE(app.call(Call{.method = Method::post,
                          .target = "/storage/v1/object/project-outputs/" + key,
                          .caller = support::key("service_role"),
                          .headers = {{"Content-Type", type}},
                          .body = "<script>alert(1)</script>"})
                .status == 200);
    const Answer got =
        app.call(Call{.method = Method::get, .target = app.storage().signed_path("project-outputs", key, 9)});
    CHECK(got.status == 200);
    CHECK(got.headers.get("x-content-type-options") == "nosniff");
    CHECK(got.headers.get("content-security-policy") == "default-src 'none'; sandbox");
    const bool plain = got.headers.get("content-type") == "text/plain; charset=utf-8";
    CHECK((plain || got.headers.get("content-disposition") == "attachment"));
  }
}
