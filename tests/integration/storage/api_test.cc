#include "support/storage_app.h"

#include "core/crypto.h"

using http::Method;
using support::Answer;
using support::Call;
using support::StorageApp;

namespace {

// Bucket `own`: each user may do everything below their own folder. `open`: public. `small`: 1,000 bytes, images only.
void make_buckets(StorageApp& app) {
  app.owner.script(R"sql(
    insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values
      ('own', 'own', false, null, null), ('open', 'open', true, null, null),
      ('small', 'small', false, 1000, '{image/*,text/plain}') on conflict do nothing;
    do $$ begin
      create policy own_all on storage.objects to authenticated
        using (bucket_id = 'own' and (storage.foldername(name))[1] = (select auth.uid())::text)
        with check (bucket_id = 'own' and (storage.foldername(name))[1] = (select auth.uid())::text);
    exception when duplicate_object then null; end $$;
  )sql");
}

std::string text_of(const Answer& answer, const char* member) { return answer.json()[member].string_or("(none)"); }

Call upload(http::Caller who, std::string path, std::string body, std::string type = "text/plain") {
  return Call{.method = Method::post,
              .target = "/storage/v1/object/" + path,
              .caller = std::move(who),
              .headers = {{"Content-Type", std::move(type)}},
              .body = std::move(body)};
}

Call get(http::Caller who, std::string path) {
  return Call{.method = Method::get, .target = "/storage/v1/object/" + path, .caller = std::move(who)};
}

Call send_json(http::Caller who, std::string path, std::string body, Method method = Method::post) {
  return Call{.method = method,
              .target = "/storage/v1/object/" + path,
              .caller = std::move(who),
              .headers = {{"Content-Type", "application/json"}},
              .body = std::move(body)};
}

std::string unique() { return core::Uuid::random().str(); }

}  // namespace

TEST_CASE("an object comes back as it was sent, with its type, cache rule, ETag and owner") {
  StorageApp app;
  make_buckets(app);
  const auto ada = app.sign_up();
  const std::string key = "own/" + ada.str() + "/a b.txt";
  std::string bytes(700000, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 256);
  Call up = upload(support::user(ada), key, bytes, "text/plain;charset=UTF-8");
  up.headers.emplace_back("Cache-Control", "max-age=77");
  up.headers.emplace_back("x-metadata", core::base64(R"({"mood":"blue"})"));
  const Answer made = app.call(up);
  REQUIRE(made.status == 200);
  CHECK(text_of(made, "Key") == key);
  const Answer got = app.call(get(support::user(ada), key));
  CHECK(got.status == 200);
  CHECK(got.body == bytes);
  CHECK(got.headers.get("content-type") == "text/plain;charset=UTF-8");
  CHECK(got.headers.get("cache-control") == "max-age=77");
  CHECK(got.headers.get("etag") == '"' + core::hex(core::md5(bytes)) + '"');
  CHECK(got.headers.get("x-content-type-options") == "nosniff");
  const Answer info = app.call(get(support::user(ada), "info/" + key));
  CHECK(text_of(info, "id") == text_of(made, "Id"));
  CHECK(info.json()["size"].integer() == 700000);
  CHECK(info.json()["metadata"]["mood"].string_or("") == "blue");
  CHECK(app.scalar("select owner_id from storage.objects where id = $1", {text_of(made, "Id")}) == ada.str());
  CHECK(app.temps() == 0);
}

TEST_CASE("a range returns that part, a matching ETag no body") {
  StorageApp app;
  make_buckets(app);
  const std::string key = "own/" + unique();
  REQUIRE(app.call(upload(support::key("service_role"), key, "0123456789")).status == 200);
  Call part = get(support::key("service_role"), key);
  part.headers = {{"Range", "bytes=2-4"}};
  const Answer got = app.call(part);
  CHECK(got.status == 206);
  CHECK(got.body == "234");
  CHECK(got.headers.get("content-range") == "bytes 2-4/10");
  Call same = get(support::key("service_role"), key);
  same.headers = {{"If-None-Match", '"' + core::hex(core::md5("0123456789")) + '"'}};
  CHECK(app.call(same).status == 304);
}

TEST_CASE("creating twice is refused; an upsert replaces the bytes, keeps the id and queues the old file for removal") {
  StorageApp app;
  make_buckets(app);
  const auto service = support::key("service_role");
  const std::string key = "own/" + unique();
  const Answer first = app.call(upload(service, key, "one"));
  REQUIRE(first.status == 200);
  const std::string version = app.scalar("select version from storage.objects where id = $1", {text_of(first, "Id")});
  const Answer again = app.call(upload(service, key, "two"));
  CHECK(again.status == 400);
  CHECK(text_of(again, "statusCode") == "409");
  CHECK(text_of(again, "error") == "Duplicate");
  CHECK(app.call(get(service, key)).body == "one");
  CHECK(app.files() == 1);
  Call replace = upload(service, key, "three");
  replace.headers.emplace_back("x-upsert", "true");
  const Answer replaced = app.call(replace);
  CHECK(replaced.status == 200);
  CHECK(text_of(replaced, "Id") == text_of(first, "Id"));
  CHECK(app.call(get(service, key)).body == "three");
  CHECK(app.scalar("select count(*) from tenon.outbox where kind = 'erase_version' and payload ->> 'version' = $1",
                   {version}) == "1");
}

TEST_CASE("a multipart upload works with the fields before or after the nameless file part") {
  StorageApp app;
  make_buckets(app);
  const std::string file =
      "--B\r\nContent-Disposition: form-data; name=\"\"; filename=\"blob\"\r\nContent-Type: image/png\r\n\r\nPNG!\r\n";
  const std::string fields =
      "--B\r\nContent-Disposition: form-data; name=\"cacheControl\"\r\n\r\n3600\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"a\":1}\r\n";
  for (const std::string& body : {fields + file + "--B--\r\n", file + fields + "--B--\r\n"}) {
    const std::string key = "own/" + unique();
    const Answer made = app.call(upload(support::key("service_role"), key, body, "multipart/form-data; boundary=B"));
    REQUIRE(made.status == 200);
    const Answer got = app.call(get(support::key("service_role"), key));
    CHECK(got.body == "PNG!");
    CHECK(got.headers.get("content-type") == "image/png");
    CHECK(got.headers.get("cache-control") == "max-age=3600");
    CHECK(app.call(get(support::key("service_role"), "info/" + key)).json()["metadata"]["a"].integer() == 1);
  }
  const Answer none =
      app.call(upload(support::key("service_role"), "own/x", fields + "--B--\r\n", "multipart/form-data; boundary=B"));
  CHECK(text_of(none, "message") == "No content provided");
}

TEST_CASE("a bucket's limits on size and type hold for raw bodies, chunked ones and forms") {
  StorageApp app;
  make_buckets(app);
  const auto service = support::key("service_role");
  Call named = upload(service, "small/" + unique(), "x");
  named.headers.emplace_back("Content-Length", "1001");
  CHECK(text_of(app.call(named), "code") == "EntityTooLarge");
  const Answer counted = app.call(upload(service, "small/" + unique(), std::string(1001, 'x')));
  CHECK(counted.status == 400);
  CHECK(text_of(counted, "statusCode") == "413");
  CHECK(text_of(counted, "code") == "EntityTooLarge");
  CHECK(app.call(upload(service, "small/" + unique(), std::string(1000, 'x'))).status == 200);
  const Answer type = app.call(upload(service, "small/" + unique(), "x", "video/mp4"));
  CHECK(text_of(type, "statusCode") == "415");
  CHECK(text_of(type, "code") == "InvalidMimeType");
  CHECK(app.call(upload(service, "small/" + unique(), "x", "text/plain;charset=UTF-8")).status == 200);
  CHECK(app.files() == 2);
  CHECK(app.temps() == 0);
}

TEST_CASE("the list shows one level, folders without an id, and takes wildcards literally") {
  StorageApp app;
  make_buckets(app);
  const auto service = support::key("service_role");
  const std::string root = unique();
  for (const std::string name : {"a.txt", "sub/b.txt", "sub/deep/c.txt", "z_1", "z2"})
    REQUIRE(app.call(upload(service, "own/" + root + "/" + name, "x")).status == 200);
  const auto names = [&](const std::string& body) {
    std::string all;
    const Answer answer = app.call(send_json(service, "list/own", body));
    REQUIRE(answer.status == 200);
    for (const core::Json& entry : answer.json().elements())
      all += entry["name"].string_or("?") + (entry["id"].is_null() ? "/ " : " ");
    return all;
  };
  CHECK(names(R"({"prefix":")" + root + "\"}") == "a.txt sub/ z2 z_1 ");
  CHECK(names(R"({"prefix":")" + root + R"(/sub/"})") == "b.txt deep/ ");
  CHECK(names(R"({"prefix":")" + root + R"(","search":"Z_"})") == "z_1 ");
  CHECK(names(R"({"prefix":")" + root + R"(","search":"%"})").empty());
  CHECK(names(R"({"prefix":")" + root + R"(","sortBy":{"column":"name","order":"desc"},"limit":2})") == "z_1 z2 ");
  CHECK(names(R"({"prefix":")" + root + R"(","limit":1,"offset":1})") == "sub/ ");
  CHECK(names(R"({"prefix":")" + root.substr(0, 8) + "\"}").empty());
  CHECK(app.call(send_json(service, "list/nothere", "{}")).body == "[]");
}

TEST_CASE("deleting many returns the deleted objects, deleting one a message") {
  StorageApp app;
  make_buckets(app);
  const auto service = support::key("service_role");
  const std::string one = unique(), two = unique();
  REQUIRE(app.call(upload(service, "own/" + one, "1")).status == 200);
  REQUIRE(app.call(upload(service, "own/" + two, "2")).status == 200);
  const Answer gone = app.call(send_json(service, "own", R"({"prefixes":[")" + one + R"(","missing"]})", Method::del));
  CHECK(gone.json().size() == 1);
  CHECK(gone.json()[std::size_t{0}]["name"].string_or("") == one);
  CHECK(text_of(app.call(get(service, "own/" + one)), "code") == "NoSuchKey");
  CHECK(app.call(Call{.method = Method::del, .target = "/storage/v1/object/own/" + two, .caller = service}).status ==
        200);
  const Answer missing =
      app.call(Call{.method = Method::del, .target = "/storage/v1/object/own/" + two, .caller = service});
  CHECK(text_of(missing, "code") == "NoSuchKey");
  CHECK(std::stoi(app.scalar("select count(*) from tenon.outbox where kind = 'erase_version'")) >= 2);
}

TEST_CASE("a signed URL works without a token, is relative, and ends with its object") {
  StorageApp app;
  make_buckets(app);
  const auto ada = app.sign_up();
  const std::string key = ada.str() + "/final cut.mp4";
  REQUIRE(app.call(upload(support::user(ada), "own/" + key, "film", "video/mp4")).status == 200);
  const Answer made = app.call(send_json(support::user(ada), "sign/own/" + key, R"({"expiresIn":60})"));
  REQUIRE(made.status == 200);
  const std::string link = text_of(made, "signedURL");
  CHECK(link.starts_with("/object/sign/own/" + key + "?token="));
  const std::string target = "/storage/v1" + link;
  const Answer got = app.call(Call{.method = Method::get, .target = target});
  CHECK(got.status == 200);
  CHECK(got.body == "film");
  CHECK(got.headers.get("expires") == "Sun, 01 Mar 2026 12:01:00 GMT");
  CHECK(app.call(Call{.method = Method::get, .target = target + "&download=mine.mp4"})
            .headers.get("content-disposition") == "attachment; filename=mine.mp4; filename*=UTF-8''mine.mp4");
  CHECK(app.call(Call{.method = Method::head, .target = target}).status == 200);
  app.clock.advance(std::chrono::seconds(60));
  const Answer late = app.call(Call{.method = Method::get, .target = target});
  CHECK(late.status == 400);
  CHECK(text_of(late, "code") == "InvalidJWT");
  const std::string own = app.storage().signed_path("own", key, 60);
  CHECK(app.call(Call{.method = Method::get, .target = own}).body == "film");
  REQUIRE(app.call(Call{.method = Method::del, .target = "/storage/v1/object/own/" + key, .caller = support::user(ada)})
              .status == 200);
  CHECK(text_of(app.call(Call{.method = Method::get, .target = own}), "code") == "NoSuchKey");
}

TEST_CASE("signing many URLs keeps their order and reports what does not exist") {
  StorageApp app;
  make_buckets(app);
  const auto service = support::key("service_role");
  const std::string here = unique();
  REQUIRE(app.call(upload(service, "own/" + here, "x")).status == 200);
  const Answer many =
      app.call(send_json(service, "sign/own", R"({"expiresIn":60,"paths":["missing",")" + here + "\"]}"));
  REQUIRE(many.status == 200);
  const core::Json list = many.json();
  CHECK(list[std::size_t{0}]["signedURL"].is_null());
  CHECK(list[std::size_t{0}]["error"].string_or("") ==
        "Either the object does not exist or you do not have access to it");
  CHECK(list[std::size_t{1}]["path"].string_or("") == here);
  CHECK(list[std::size_t{1}]["error"].is_null());
  const std::string link = list[std::size_t{1}]["signedURL"].string_or("");
  CHECK(app.call(Call{.method = Method::get, .target = "/storage/v1" + link}).body == "x");
}

TEST_CASE("a signed upload URL writes once, owned by the user who requested it") {
  StorageApp app;
  make_buckets(app);
  const auto ada = app.sign_up();
  const std::string key = ada.str() + "/up.txt";
  const Answer made = app.call(send_json(support::user(ada), "upload/sign/own/" + key, "{}"));
  REQUIRE(made.status == 200);
  const std::string target = "/storage/v1" + text_of(made, "url");
  Call put{.method = Method::put, .target = target, .headers = {{"Content-Type", "text/plain"}}, .body = "hello"};
  CHECK(app.call(put).status == 200);
  CHECK(app.scalar("select owner_id from storage.objects where bucket_id = 'own' and name = $1", {key}) == ada.str());
  put.headers.emplace_back("x-upsert", "true");
  CHECK(text_of(app.call(put), "error") == "Duplicate");
  CHECK(app.call(get(support::user(ada), "own/" + key)).body == "hello");
}

TEST_CASE("everyone reads a public bucket; a private one hides that it exists") {
  StorageApp app;
  make_buckets(app);
  const auto service = support::key("service_role");
  const std::string key = unique();
  REQUIRE(app.call(upload(service, "open/" + key, "all")).status == 200);
  REQUIRE(app.call(upload(service, "own/" + key, "mine")).status == 200);
  CHECK(app.call(get({}, "public/open/" + key)).body == "all");
  CHECK(app.call(get({}, "open/" + key)).body == "all");
  CHECK(text_of(app.call(get({}, "public/own/" + key)), "code") == "NoSuchBucket");
  CHECK(text_of(app.call(get({}, "own/" + key)), "code") == "NoSuchBucket");
  CHECK(text_of(app.call(get({}, "authenticated/open/" + key)), "statusCode") == "403");
  CHECK(text_of(app.call(upload(service, "nothere/x", "1")), "code") == "NoSuchBucket");
}
