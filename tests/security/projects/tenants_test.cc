#include "integration/projects/support/projects_app.h"

using projects_test::Method;
using projects_test::png;
using projects_test::ProjectsApp;
using world::Answer;

TEST_CASE("another's project and a missing one get the same answer on every route") {
  ProjectsApp h;
  const auto ada = h.sign_up(), eve = h.sign_up();
  const std::string id = h.make(ada, "Secret title");
  const Answer made = h.upload(ada, id, {{"file", "a.png", png()}});
  const std::string asset = made.json()[std::size_t{0}]["id"].string_or("");
  const std::string none = core::Uuid::random().str();
  const auto before = h.scalar("select (title, status, next_job_id)::text from public.projects where id = $1", {id});

  const struct {
    Method method;
    std::string below;
    const char* body;
  } table[] = {{Method::get, "", ""},
               {Method::patch, "", R"({"title":"mine"})"},
               {Method::put, "", R"({"title":"mine"})"},
               {Method::del, "", ""},
               {Method::get, "/inputs", ""},
               {Method::patch, "/inputs/" + asset, R"({"caption":"mine"})"},
               {Method::del, "/inputs/" + asset, ""}};
  for (const auto& row : table) {
    const Answer theirs = h.api(eve, row.method, "/" + id + row.below, row.body);
    const Answer missing = h.api(eve, row.method, "/" + none + row.below, row.body);
    CHECK(theirs.status == 404);
    CHECK(theirs.body == missing.body);
  }
  CHECK(h.upload(eve, id, {{"file", "b.png", png()}}).status == 404);
  CHECK(h.upload(eve, id, {{"file", "b.png", png()}}, "/app/projects/").status == 404);
  for (const std::string& form : {std::string("/title"), std::string("/delete"), "/inputs/" + asset + "/delete"})
    CHECK_MESSAGE(h.send_form(eve, "/" + id + form, "title=mine&caption=mine").status == 404, form);

  CHECK(h.scalar("select (title, status, next_job_id)::text from public.projects where id = $1", {id}) == before);
  CHECK(h.scalar("select meta ->> 'caption' from public.assets where id = $1", {asset}).empty());
  CHECK(h.files() == 1);
}

TEST_CASE("a list shows the caller's own and nothing else, whatever its filters and cursor") {
  ProjectsApp h;
  const auto ada = h.sign_up(), eve = h.sign_up();
  for (int i = 0; i < 3; ++i) h.make(ada, "Hers");
  const Answer first = h.api(ada, Method::get, "?limit=1");
  const std::string link(first.headers.get("link"));
  const std::string cursor = link.substr(1, link.find('>') - 1).substr(std::string("/api/projects").size());
  CHECK(h.api(eve, Method::get, "").body == "[]");
  CHECK(h.api(eve, Method::get, "?q=hers").body == "[]");
  CHECK(h.api(eve, Method::get, cursor).body == "[]");
  CHECK(h.run(projects::recent(h.db(), eve, 10)).empty());
  CHECK(!h.run(projects::find(h.db(), eve, *core::ProjectId::parse(first.json()[std::size_t{0}]["id"].string_or("")))));
}

TEST_CASE("an asset of one's other project is not reached through this one") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string one = h.make(ada), two = h.make(ada);
  const std::string asset = h.upload(ada, one, {{"file", "a.png", png()}}).json()[std::size_t{0}]["id"].string_or("");
  CHECK(h.api(ada, Method::del, "/" + two + "/inputs/" + asset).status == 404);
  CHECK(h.api(ada, Method::patch, "/" + two + "/inputs/" + asset, R"({"caption":"x"})").status == 404);
  CHECK(h.api(ada, Method::get, "/" + one + "/inputs").json().size() == 1);
}

TEST_CASE("no file name of a person becomes part of a key") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada);
  for (const char* name : {"../../../../etc/cron.d/x.png", "..\\..\\x.png", "a/../b.png", "x.png%00.sh", "x.php"}) {
    const Answer made = h.upload(ada, id, {{"file", name, png()}});
    REQUIRE(made.status == 201);
    const core::Json row = made.json()[std::size_t{0}];
    CHECK(row["path"].string_or("").ends_with("/inputs/" + row["id"].string_or("") + ".png"));
  }
  std::size_t outside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(h.dir)) outside += entry.path().filename() != "store";
  CHECK(outside == 0);
}

TEST_CASE("a deleted user's upload is refused and leaves no bytes") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const auto project = h.run(projects::create(h.projects, ada, "Gone soon"));
  h.owner.query("delete from auth.users where id = $1", {ada.str()});
  CHECK_THROWS_AS(h.run(projects::add_input(h.projects, ada, project.id, "a.png", {}, png())), core::Problem);
  CHECK(h.files() == 0);
}

TEST_CASE("every route asks for a user") {
  ProjectsApp h;
  int seen = 0;
  for (const auto& route : h.router.routes())
    if (route.pattern.find("/projects") != std::string::npos) {
      CHECK_MESSAGE(route.access == http::Access::user, route.pattern);
      ++seen;
    }
  CHECK(seen == 19);
}
