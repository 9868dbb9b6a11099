#include "integration/projects/support/projects_app.h"

using projects_test::Method;
using projects_test::ProjectsApp;
using world::Answer;

namespace {

std::string next_of(const Answer& answer) {
  const std::string link(answer.headers.get("link"));
  if (link.empty()) return "";
  CHECK(link.ends_with(">; rel=\"next\""));
  return link.substr(1, link.find('>') - 1);
}

}  // namespace

TEST_CASE("a project is made, read, renamed and deleted") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const Answer made = h.api(ada, Method::post, "", R"({"title":"  Summer ","status":"ready","id":"x"})");
  REQUIRE(made.status == 201);
  const std::string id = made.json()["id"].string_or("");
  CHECK(made.headers.get("location") == "/api/projects/" + id);
  CHECK(made.json()["title"].string_or("") == "Summer");
  CHECK(made.json()["status"].string_or("") == "draft");
  CHECK(made.json()["user_id"].string_or("") == ada.str());
  CHECK(core::Uuid::parse(made.json()["next_job_id"].string_or("")));
  CHECK(h.api(ada, Method::get, "/" + id).body == made.body);
  CHECK(h.api(ada, Method::patch, "/" + id, R"({"title":"Autumn"})").json()["title"].string_or("") == "Autumn");
  CHECK(h.api(ada, Method::patch, "/" + id, R"({"colour":"red"})").json()["title"].string_or("") == "Autumn");
  CHECK(h.api(ada, Method::put, "/" + id, R"({"title":"Winter"})").json()["title"].string_or("") == "Winter");
  CHECK(h.api(ada, Method::del, "/" + id).status == 204);
  CHECK(h.api(ada, Method::get, "/" + id).status == 404);
  CHECK(h.api(ada, Method::del, "/" + id).status == 404);
  CHECK(
      h.scalar("select count(*) from tenon.outbox where kind = 'erase_project_files' and payload ->> 'project_id' = $1",
               {id}) == "1");
}

TEST_CASE("bad input gets a clear error and changes nothing") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada, "Kept");
  for (const std::string& body :
       {std::string(R"({"title":""})"), std::string(R"({"title":"   "})"), std::string("{}"),
        std::string(R"({"title":7})"), std::string(R"({"title":null})"), std::string(R"({"title":"a\u0000b"})"),
        std::string(R"({"title":"a\nb"})"), R"({"title":")" + std::string(201, 'a') + "\"}"}) {
    CHECK_MESSAGE(h.code(h.api(ada, Method::post, "", body)) == "invalid_title", body);
    CHECK_MESSAGE(h.code(h.api(ada, Method::put, "/" + id, body)) == "invalid_title", body);
  }
  for (const char* body : {"[]", "7", "\"x\""}) CHECK(h.code(h.api(ada, Method::post, "", body)) == "not_an_object");
  for (const char* body : {"", "{", "{\"title\":\"x\"} x"})
    CHECK(h.code(h.api(ada, Method::post, "", body)) == "bad_json");
  CHECK(h.api(ada, Method::get, "").json().size() == 1);
  CHECK(h.api(ada, Method::get, "/" + id).json()["title"].string_or("") == "Kept");
  CHECK(h.api(ada, Method::get, "/nonsense").status == 404);
}

TEST_CASE("the list is newest first, and the next links walk it once from end to end") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  for (int i = 0; i < 25; ++i) h.make(ada, "P" + std::to_string(i));
  // Five of one instant: the id decides between them.
  h.owner.query(
      "update public.projects set created_at = '2026-01-01' where user_id = $1 and title in ('P3','P4','P5','P6','P7')",
      {ada.str()});
  CHECK(h.api(ada, Method::get, "").json().size() == 20);
  std::vector<std::string> seen;
  std::string url = "?limit=4";
  int pages = 0;
  while (!url.empty() && ++pages < 20) {
    const Answer page = h.api(ada, Method::get, url);
    REQUIRE(page.status == 200);
    for (const core::Json& row : page.json().elements()) seen.push_back(row["id"].string_or(""));
    const std::string next = next_of(page);
    url = next.empty() ? "" : next.substr(std::string("/api/projects").size());
  }
  CHECK(pages == 7);
  CHECK(seen.size() == 25);
  const std::string order = h.scalar(
      "select string_agg(id::text, ',' order by created_at desc, id desc) from public.projects where user_id = $1",
      {ada.str()});
  std::string walked;
  for (const std::string& id : seen) walked += (walked.empty() ? "" : ",") + id;
  CHECK(walked == order);
}

TEST_CASE("a page of exactly the limit has no next page") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  for (int i = 0; i < 3; ++i) h.make(ada);
  CHECK(next_of(h.api(ada, Method::get, "?limit=3")).empty());
  CHECK(!next_of(h.api(ada, Method::get, "?limit=2")).empty());
}

TEST_CASE("filters by status and by part of the title, wildcards taken literally, kept in the next link") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  for (const char* title : {"Alps 100%", "alps_winter", "Beach", "ALPS 3"}) h.make(ada, title);
  h.owner.query("update public.projects set status = 'ready' where user_id = $1 and title like 'Beach'", {ada.str()});
  const auto count = [&](const std::string& query) { return h.api(ada, Method::get, query).json().size(); };
  CHECK(count("?q=alps") == 3);
  CHECK(count("?q=%25") == 1);
  CHECK(count("?q=_") == 1);
  CHECK(count("?q=%5C") == 0);
  CHECK(count("?status=ready") == 1);
  CHECK(count("?status=draft&q=beach") == 0);
  const Answer first = h.api(ada, Method::get, "?q=alps&status=draft&limit=1");
  const std::string next = next_of(first);
  CHECK(next.starts_with("/api/projects?limit=1&status=draft&q=alps&after="));
  const Answer second = h.api(ada, Method::get, next.substr(std::string("/api/projects").size()));
  CHECK(second.json()[std::size_t{0}]["title"].string_or("") == "alps_winter");
}

TEST_CASE("a wrong limit, status, search or cursor is refused by name") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  for (const char* limit : {"0", "101", "-1", "x", "1.5", "", "99999999999999999999"})
    CHECK_MESSAGE(h.code(h.api(ada, Method::get, std::string("?limit=") + limit)) == "invalid_limit", limit);
  CHECK(h.api(ada, Method::get, "?limit=100").status == 200);
  CHECK(h.code(h.api(ada, Method::get, "?status=done")) == "invalid_status");
  CHECK(h.code(h.api(ada, Method::get, "?q=a%00b")) == "invalid_search");
  CHECK(h.code(h.api(ada, Method::get, "?q=" + std::string(201, 'a'))) == "invalid_search");
  for (const char* cursor : {"x", "AAAA", "MjAyNi0wMS0wMQ", "bm90IGEgdXVpZA"})
    CHECK_MESSAGE(h.code(h.api(ada, Method::get, std::string("?after=") + cursor)) == "invalid_cursor", cursor);
}

TEST_CASE("recent gives the newest n of the user") {
  ProjectsApp h;
  const auto ada = h.sign_up(), eve = h.sign_up();
  h.make(ada, "old");
  h.make(ada, "new");
  h.make(eve, "hers");
  const auto one = h.run(projects::recent(h.db(), ada, 1));
  REQUIRE(one.size() == 1);
  CHECK(one[0].title == "new");
  CHECK(h.run(projects::recent(h.db(), ada, 9)).size() == 2);
}

TEST_CASE("a project with a job that runs is not deleted") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada);
  REQUIRE(h.upload(ada, id, {{"file", "a.png", projects_test::png()}}).status == 201);
  const std::string asset = h.api(ada, Method::get, "/" + id + "/inputs").json()[std::size_t{0}]["id"].string_or("");
  CHECK(h.scalar("select outcome from tenon.enqueue_job($1, $2, 'slideshow')", {ada.str(), id}) == "queued");
  CHECK(h.code(h.api(ada, Method::del, "/" + id)) == "job_running");
  CHECK(h.api(ada, Method::del, "/" + id).status == 409);
  CHECK(h.code(h.api(ada, Method::del, "/" + id + "/inputs/" + asset)) == "job_running");
  CHECK(h.send_form(ada, "/" + id + "/delete").headers.get("location") ==
        "/app/projects/" + id + "?problem=projects.job_running");
  CHECK(h.files() == 1);
  CHECK(h.api(ada, Method::get, "/" + id + "/inputs").json().size() == 1);
}
