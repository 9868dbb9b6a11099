#include "integration/projects/support/projects_app.h"

using projects_test::Method;
using projects_test::png;
using projects_test::ProjectsApp;
using world::Answer;

namespace {

Answer page(ProjectsApp& h, core::UserId who, const std::string& path) {
  return h.call({.method = Method::get, .target = "/app/projects" + path, .caller = world::user(who)});
}

bool has(const Answer& answer, const std::string& text) { return answer.body.find(text) != std::string::npos; }

}  // namespace

TEST_CASE("the list teaches when it is empty and shows titles escaped when it is not") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const Answer empty = page(h, ada, "");
  CHECK(empty.status == 200);
  CHECK(has(empty, "No projects yet"));
  CHECK(!has(empty, "No matching projects"));
  h.make(ada, "<b>Alps</b> & more");
  const Answer full = page(h, ada, "");
  CHECK(has(full, "&lt;b&gt;Alps&lt;/b&gt; &amp; more"));
  CHECK(!has(full, "<b>Alps"));
  CHECK(!has(full, "No projects yet"));
  const Answer none = page(h, ada, "?q=%3Cscript%3E&status=ready");
  CHECK(has(none, "No matching projects"));
  CHECK(has(none, "&lt;script&gt;"));
  CHECK(!has(none, "<script>\""));
}

TEST_CASE("the list pages on by its own link and keeps the filter") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  for (int i = 0; i < 21; ++i) h.make(ada, "Alps");
  const Answer first = page(h, ada, "?q=alps");
  const std::size_t at = first.body.find("href=\"/app/projects?after=");
  REQUIRE(at != std::string::npos);
  std::string url = first.body.substr(at + 6, first.body.find('"', at + 6) - at - 6);
  for (std::size_t amp; (amp = url.find("&amp;")) != std::string::npos;) url.replace(amp, 5, "&");
  const Answer second = page(h, ada, url.substr(std::string("/app/projects").size()));
  std::size_t rows = 0;
  for (std::size_t from = 0; (from = second.body.find("<td><a href=\"/app/projects/", from)) != std::string::npos;
       ++from)
    ++rows;
  CHECK(rows == 1);
}

TEST_CASE("the form makes a project and sends the browser to it, or says what is wrong and keeps the words") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  CHECK(page(h, ada, "/new").status == 200);
  const Answer made = h.send_form(ada, "", "title=Summer+%26+sun");
  CHECK(made.status == 303);
  const std::string id =
      h.scalar("select id from public.projects where user_id = $1 and title = 'Summer & sun'", {ada.str()});
  CHECK(made.headers.get("location") == "/app/projects/" + id);
  const Answer bad = h.send_form(ada, "", "title=" + std::string(201, 'x'));
  CHECK(bad.status == 422);
  CHECK(has(bad, "A title needs 1 to 200 characters"));
  CHECK(has(bad, std::string(201, 'x')));
  CHECK(h.send_form(ada, "/" + id + "/title", "title=Winter").headers.get("location") == "/app/projects/" + id);
  CHECK(h.scalar("select title from public.projects where id = $1", {id}) == "Winter");
  CHECK(h.send_form(ada, "/" + id + "/title", "title=").headers.get("location") ==
        "/app/projects/" + id + "?problem=projects.invalid_title");
  CHECK(h.send_form(ada, "/" + id + "/delete").headers.get("location") == "/app/projects?notice=projects.deleted");
  CHECK(h.send_form(ada, "/" + id + "/delete").status == 404);
}

namespace {

// The form of a new project as a browser without scripts sends it.
Answer send_new(ProjectsApp& h, core::UserId who, const std::vector<projects_test::Part>& parts) {
  return h.call({.method = Method::post,
                 .target = "/app/projects/new",
                 .caller = world::user(who),
                 .headers = {{"Content-Type", "multipart/form-data; boundary=BOUNDARY"}},
                 .body = projects_test::form(parts)});
}
std::string projects_of(ProjectsApp& h, core::UserId who) {
  return h.scalar("select count(*) from public.projects where user_id = $1", {who.str()});
}

}  // namespace

TEST_CASE("one form makes the project with its photographs, with or without any") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const Answer made =
      send_new(h, ada, {{"title", "", " Alps & sun "}, {"file", "a.png", png()}, {"file", "b.png", png()}});
  REQUIRE(made.status == 303);
  const std::string id = h.scalar("select id from public.projects where user_id = $1", {ada.str()});
  CHECK(made.headers.get("location") == "/app/projects/" + id);
  CHECK(h.scalar("select title from public.projects where id = $1", {id}) == "Alps & sun");
  CHECK(h.scalar("select string_agg(meta ->> 'name', ',' order by created_at) from public.assets where project_id = $1",
                 {id}) == "a.png,b.png");
  CHECK(h.files() == 2);
  CHECK(send_new(h, ada, {{"title", "", "No pictures"}}).status == 303);
  CHECK(projects_of(h, ada) == "2");
}

TEST_CASE("a refused file keeps the title, says which and why, and makes nothing") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  for (const bool title_first : {true, false}) {
    std::vector<projects_test::Part> parts{{"file", "a.png", png()}, {"file", "notes.txt", "no picture"}};
    parts.insert(title_first ? parts.begin() : parts.end(), {"title", "", "Alps <1871>"});
    const Answer refused = send_new(h, ada, parts);
    CHECK(refused.status == 422);
    CHECK(has(refused, "value=\"Alps &lt;1871&gt;\""));
    CHECK(has(refused, "“notes.txt” is not a JPEG, PNG or WebP image."));
    CHECK(has(refused, "action=\"/app/projects/new\""));
    CHECK_FALSE(has(refused, "aria-invalid"));
  }
  CHECK(projects_of(h, ada) == "0");
  CHECK(h.files() == 0);
  CHECK(h.temps() == 0);
}

TEST_CASE("a title that is refused is said at its field, and the photographs beside it leave nothing behind") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const Answer refused = send_new(h, ada, {{"title", "", " "}, {"file", "a.png", png()}});
  CHECK(refused.status == 422);
  CHECK(has(refused, "A title needs 1 to 200 characters"));
  CHECK(has(refused, "aria-invalid=\"true\""));
  CHECK(projects_of(h, ada) == "0");
  CHECK(h.files() == 0);
  CHECK(h.temps() == 0);
}

TEST_CASE("the title of the list says its filter") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  CHECK(has(page(h, ada, ""), "<title>Projects · Tenon</title>"));
  CHECK(has(page(h, ada, "?status=failed"), "<title>Failed · Projects · Tenon</title>"));
}

TEST_CASE("the list comes again by itself while a project of it is processing, also without a script") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada, "Alps");
  CHECK(!has(page(h, ada, ""), "http-equiv=\"refresh\""));
  h.owner.query("update public.projects set status = 'processing' where id = $1", {id});
  CHECK(has(page(h, ada, ""), "http-equiv=\"refresh\""));
  CHECK(!has(page(h, ada, "?status=draft"), "http-equiv=\"refresh\""));
}

TEST_CASE("photographs are uploaded, captioned and removed by forms alone") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const std::string id = h.make(ada);
  const Answer made = h.upload(ada, id, {{"_csrf", "", "token"}, {"file", "a.png", png()}}, "/app/projects/");
  CHECK(made.status == 303);
  CHECK(made.headers.get("location") == "/app/projects/" + id + "#inputs");
  const std::string asset = h.scalar("select id from public.assets where user_id = $1", {ada.str()});
  CHECK(h.send_form(ada, "/" + id + "/fields", "caption." + asset + "=Hello").status == 303);
  CHECK(h.scalar("select meta ->> 'caption' from public.assets where id = $1", {asset}) == "Hello");
  CHECK(h.upload(ada, id, {{"file", "a.jpg", "text"}}, "/app/projects/").headers.get("location") ==
        "/app/projects/" + id + "?problem=pipeline.unsupported_image");
  CHECK(h.send_form(ada, "/" + id + "/inputs/" + asset + "/delete").status == 303);
  CHECK(h.scalar("select count(*) from public.assets where user_id = $1", {ada.str()}) == "0");
}

TEST_CASE("the photographs' section shows each by a link of this site, forms only where they may be changed") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const auto project = h.run(projects::create(h.projects, ada, "Sample"));
  h.run(projects::add_input(h.projects, ada, project.id, "<i>.png", {{"caption", "A \"line\""}}, png()));
  const auto held = *h.run(projects::find_with_inputs(h.db(), ada, project.id));
  const auto& inputs = held.inputs;
  const auto shown = [&](projects::Editing editing) {
    return html::render("projects/inputs.html", "en", projects::inputs_view(h.projects, held, editing));
  };
  const std::string open = shown(projects::Editing::on);
  CHECK(open.find("src=\"/storage/v1/object/sign/project-assets/u_") != std::string::npos);
  CHECK(open.find("&lt;i&gt;.png") != std::string::npos);
  CHECK(open.find("1 of 60") != std::string::npos);
  CHECK(open.find("enctype=\"multipart/form-data\"") != std::string::npos);
  CHECK(open.find("/delete\"") != std::string::npos);
  CHECK(open.find("name=\"caption." + inputs[0].id.str() + "\" value=\"A &quot;line&quot;\"") != std::string::npos);
  const std::string fixed = shown(projects::Editing::off);
  CHECK(fixed.find("<form") == std::string::npos);
  CHECK(fixed.find("A &quot;line&quot;") != std::string::npos);
}

TEST_CASE("all lines of text are saved by one form, or none when one is too long") {
  ProjectsApp h;
  const auto ada = h.sign_up();
  const auto project = h.run(projects::create(h.projects, ada, "Sample"));
  const std::string id = project.id.str();
  std::vector<std::string> fields;
  for (const char* name : {"a.png", "b.png"})
    fields.push_back("caption." + h.run(projects::add_input(h.projects, ada, project.id, name, {}, png())).id.str());
  const Answer saved = h.send_form(ada, "/" + id + "/fields", fields[0] + "=First&" + fields[1] + "=Second&x=y");
  CHECK(saved.status == 303);
  CHECK(saved.headers.get("location") == "/app/projects/" + id + "?notice=projects.fields_saved#inputs");
  const std::string stored =
      "select string_agg(meta ->> 'caption', ',' order by path) from public.assets where user_id = $1";
  const std::string both = h.scalar(stored, {ada.str()});
  CHECK((both == "First,Second" || both == "Second,First"));
  const Answer bad =
      h.send_form(ada, "/" + id + "/fields", fields[0] + "=Third&" + fields[1] + "=" + std::string(201, 'x'));
  CHECK(bad.headers.get("location") == "/app/projects/" + id + "?problem=projects.invalid_field");
  CHECK(h.scalar(stored, {ada.str()}) == both);
  const Answer away = h.send_form(ada, "/" + id + "/fields?then=credits", fields[0] + "=Third");
  CHECK(away.headers.get("location") == "/app/credits?project=" + id);
  const auto eve = h.sign_up();
  CHECK(h.send_form(eve, "/" + id + "/fields", fields[0] + "=Mine").status == 404);
  CHECK(h.scalar(stored, {ada.str()}).find("Mine") == std::string::npos);
}
