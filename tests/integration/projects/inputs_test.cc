#include "integration/projects/support/projects_app.h"

#include "storage/objects.h"

using projects_test::Method;
using projects_test::Part;
using projects_test::png;
using projects_test::ProjectsApp;
using world::Answer;

TEST_CASE("an upload becomes objects and assets below the coming job, captions in order") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada);
  const std::string job = h.api(ada, Method::get, "/" + id).json()["next_job_id"].string_or("");
  const Answer made = h.upload(ada, id,
                               {{"file", "C:\\fotos\\Strand ü.png", png(640, 480, "one")},
                                {"file", "b.jpg", png(100, 50, std::string(300000, 'b'))},
                                {"caption", "", "The beach"},
                                {"caption", "", "The harbour"}});
  REQUIRE(made.status == 201);
  const core::Json list = made.json();
  REQUIRE(list.size() == 2);
  const core::Json first = list[std::size_t{0}], second = list[std::size_t{1}];
  const std::string folder = "project-assets/u_" + ada.str() + "/p_" + id + "/j_" + job + "/inputs/";
  CHECK(first["path"].string_or("") == folder + first["id"].string_or("") + ".png");
  CHECK(first["type"].string_or("") == "input");
  CHECK(first["job_id"].is_null());
  CHECK(first["meta"]["name"].string_or("") == "Strand ü.png");
  CHECK(first["meta"]["caption"].string_or("") == "The beach");
  CHECK(first["meta"]["mime"].string_or("") == "image/png");
  CHECK(first["meta"]["width"].integer() == 640);
  CHECK(second["meta"]["name"].string_or("") == "b.jpg");
  CHECK(second["meta"]["caption"].string_or("") == "The harbour");
  CHECK(second["meta"]["size"].integer() == 300029);
  CHECK(second["path"].string_or("").ends_with(".png"));
  CHECK(h.api(ada, Method::get, "/" + id + "/inputs").body == made.body);

  const auto row = h.run(storage::find_row(h.db(), pg::as(ada), "project-assets",
                                           second["path"].string_or("").substr(std::string("project-assets/").size())));
  REQUIRE(row);
  CHECK(row->size == 300029);
  CHECK(row->owner == ada.str());
  CHECK(h.scalar("select bytes from storage.usage where user_id = $1", {ada.str()}) == std::to_string(32 + 300029));
}

TEST_CASE("the coming job takes the inputs, and the next upload goes to the one after it") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada);
  REQUIRE(h.upload(ada, id, {{"file", "a.png", png()}}).status == 201);
  const std::string job = h.scalar("select job_id from tenon.enqueue_job($1, $2, 'slideshow')", {ada.str(), id});
  const Answer later = h.upload(ada, id, {{"file", "b.png", png()}});
  REQUIRE(later.status == 201);
  CHECK(later.json()[std::size_t{0}]["path"].string_or("").find(job) == std::string::npos);
  const core::Json both = h.api(ada, Method::get, "/" + id + "/inputs").json();
  CHECK(both[std::size_t{0}]["job_id"].string_or("") == job);
  CHECK(both[std::size_t{0}]["path"].string_or("").find("/j_" + job + "/inputs/") != std::string::npos);
  CHECK(both[std::size_t{1}]["job_id"].is_null());
}

TEST_CASE("one bad file, and nothing of the request stays") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada);
  const struct {
    std::vector<Part> parts;
    int status;
    const char* code;
  } table[] = {
      {{{"file", "a.png", png()}, {"file", "notes.jpg", "this is text"}, {"file", "c.png", png()}},
       415,
       "unsupported_image"},
      {{{"file", "a.png", png()}, {"file", "short.png", png().substr(0, 20)}}, 415, "unsupported_image"},
      {{{"file", "a.png", png()}, {"file", "empty.png", ""}}, 415, "unsupported_image"},
      {{{"file", "a.png", png()}, {"file", "bomb.png", png(30000, 30000)}}, 422, "image_too_large"},
      {{{"file", "a.png", png()}, {"file", "big.png", png(10, 10, std::string((25 << 20) + 1, 'x'))}},
       413,
       "file_too_large"},
      {{{"file", "a.png", png()}, {"caption", "", std::string(201, 'c')}}, 400, "invalid_caption"},
      {{{"file", "a.png", png()}, {"caption", "", "1"}, {"caption", "", "2"}}, 400, "too_many_fields"},
      {{{"caption", "", "no file"}}, 400, "no_files"},
      {{}, 400, "no_files"},
  };
  for (const auto& row : table) {
    const Answer answer = h.upload(ada, id, row.parts);
    CHECK_MESSAGE(answer.status == row.status, row.code);
    CHECK(h.code(answer) == row.code);
    CHECK_MESSAGE(h.files() == 0, row.code);
    CHECK_MESSAGE(h.temps() == 0, row.code);
  }
  CHECK(h.upload(ada, id, table[0].parts).json()["error"].string_or("").find("notes.jpg") != std::string::npos);
  CHECK(h.api(ada, Method::get, "/" + id + "/inputs").body == "[]");
  CHECK(h.scalar("select count(*) from storage.objects where owner_id = $1", {ada.str()}) == "0");
}

TEST_CASE("a project holds sixty photographs and not one more") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada);
  const std::vector<Part> sixty(60, Part{"file", "a.png", png()});
  REQUIRE(h.upload(ada, id, sixty).status == 201);
  CHECK(h.code(h.upload(ada, id, {{"file", "a.png", png()}})) == "too_many_inputs");
  const std::string other = h.make(ada);
  std::vector<Part> more = sixty;
  more.push_back(Part{"file", "a.png", png()});
  CHECK(h.code(h.upload(ada, other, more)) == "too_many_inputs");
  CHECK(h.files() == 60);
  CHECK(h.temps() == 0);
}

TEST_CASE("an empty file field of a browser is no file") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada);
  const std::string body =
      "--BOUNDARY\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\nContent-Type: "
      "application/octet-stream\r\n\r\n\r\n--BOUNDARY--\r\n";
  const Answer answer = h.call({.method = Method::post,
                                .target = "/api/projects/" + id + "/inputs",
                                .caller = world::user(ada),
                                .headers = {{"Content-Type", "multipart/form-data; boundary=BOUNDARY"}},
                                .body = body});
  CHECK(h.code(answer) == "no_files");
}

TEST_CASE("an input is captioned anew and removed with its bytes given up") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada);
  const Answer made = h.upload(ada, id, {{"file", "a.png", png()}});
  const std::string asset = made.json()[std::size_t{0}]["id"].string_or("");
  const std::string at = "/" + id + "/inputs/" + asset;
  CHECK(h.api(ada, Method::patch, at, R"({"caption":"New \"words\""})").json()["meta"]["caption"].string_or("") ==
        "New \"words\"");
  CHECK(h.code(h.api(ada, Method::patch, at, "{}")) == "invalid_caption");
  const std::string version = h.scalar("select version from storage.objects where owner_id = $1", {ada.str()});
  CHECK(h.api(ada, Method::del, at).status == 204);
  CHECK(h.api(ada, Method::del, at).status == 404);
  CHECK(h.scalar("select count(*) from storage.objects where owner_id = $1", {ada.str()}) == "0");
  CHECK(h.scalar("select count(*) from tenon.outbox where kind = 'erase_version' and payload ->> 'version' = $1",
                 {version}) == "1");
}

TEST_CASE("an upload whose client leaves keeps nothing") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada);
  std::string half =
      projects_test::form({{"file", "a.png", png()}, {"file", "b.png", png(10, 10, std::string(100000, 'b'))}});
  half.resize(half.size() - 5000);
  world::Call call{.method = Method::post,
                   .target = "/api/projects/" + id + "/inputs",
                   .caller = world::user(ada),
                   .headers = {{"Content-Type", "multipart/form-data; boundary=BOUNDARY"}},
                   .body = half};
  call.breaks = true;
  CHECK_THROWS_WITH(h.call(call), "the client left");
  CHECK(h.files() == 0);
  CHECK(h.temps() == 0);
}

TEST_CASE("photographs whose project is not made, or is another's, leave no bytes behind") {
  ProjectsApp h;
  const auto ada = h.sign_up(), eve = h.sign_up();
  const auto project = h.run(projects::create(h.projects, eve, "Hers"));
  const auto one = [&h] {
    storage::Storage::Upload upload = h.storage().upload(1000);
    h.run(upload.write(png()));
    std::vector<projects::NewInput> files(1);
    files[0].id = core::AssetId::ordered();
    files[0].staged = h.run(upload.finish());
    return files;
  };
  const std::string too_long(projects::kLongestTitle + 1, 't');
  auto files = one();
  CHECK(h.files() == 1);
  CHECK_THROWS_AS(h.run(projects::create_with(h.projects, ada, too_long, files)), core::Problem);
  CHECK(h.files() == 0);
  files = one();
  CHECK_THROWS_AS(h.run(projects::add(h.projects, ada, project.id, files)), core::Problem);
  CHECK(h.files() == 0);
  CHECK(h.scalar("select count(*) from public.projects where user_id = $1", {ada.str()}) == "0");
}

TEST_CASE("add_input stores a picture as an upload would") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const auto project = h.run(projects::create(h.projects, ada, "Sample"));
  const auto asset = h.run(projects::add_input(h.projects, ada, project.id, "x.png", {{"caption", "Words"}}, png()));
  CHECK(asset.bucket() == "project-assets");
  const auto inputs = h.run(projects::inputs(h.db(), ada, project.id));
  REQUIRE(inputs.size() == 1);
  CHECK(inputs[0].id == asset.id);
  CHECK_THROWS_AS(h.run(projects::add_input(h.projects, ada, project.id, "x.png", {}, "text")), core::Problem);
}
