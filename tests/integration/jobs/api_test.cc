#include <algorithm>
#include <set>

#include "http/response.h"
#include "integration/jobs/support/jobs_app.h"

using http::Method;
using support::JobsApp;

namespace {

// Takes what a stream says, as a browser would.
class Listening final : public http::BodyWriter {
 public:
  core::Task<> write(std::string_view bytes) override {
    text += bytes;
    co_return;
  }
  std::string text;
};

std::vector<std::int64_t> progress_values(const std::string& stream) {
  std::vector<std::int64_t> values;
  for (const std::string_view line : core::split(stream, '\n'))
    if (line.starts_with("data: "))
      if (const auto json = core::Json::parse(line.substr(6)))
        if (const auto value = (*json)["progress"].integer()) values.push_back(*value);
  return values;
}

}  // namespace

TEST_CASE("a job starts with 201 and its quote, and is refused with 402, 409, 422 and 404 for a reason each") {
  JobsApp app;
  const auto ada = app.person(3);
  const auto project = app.project(ada, {"black-canyon", "march-pastoral"});
  const std::string url = "/api/projects/" + project.str();

  auto quote = app.call({Method::get, url + "/quote", world::user(ada)}).json();
  CHECK(quote["credits"].integer() == 1);
  CHECK(quote["seconds"].number() == 6.0);
  CHECK(quote["balance"].integer() == 3);
  CHECK(quote["enough"].boolean() == true);

  const auto poor = app.call({Method::post,
                              url + "/jobs",
                              world::user(ada),
                              {{"Content-Type", "application/json"}},
                              R"({"pipeline":"three"})"});
  CHECK(poor.status == 402);
  CHECK(poor.json()["code"].string() == "insufficient_credits");
  CHECK(app.balance(ada) == 3);
  CHECK(app.scalar("select status from public.projects where id = $1", {project.str()}) == "draft");

  const auto made = app.call({Method::post, url + "/jobs", world::user(ada)});
  CHECK(made.status == 201);
  CHECK(made.json()["status"].string() == "QUEUED");
  CHECK(made.json()["cost_credits_reserved"].integer() == 1);
  const std::string id = made.json()["id"].string_or("");
  CHECK(made.headers.get("Location") == "/api/jobs/" + id);
  CHECK(app.balance(ada) == 2);

  const auto twice = app.call({Method::post, url + "/jobs", world::user(ada)});
  CHECK(twice.status == 409);
  CHECK(twice.json()["code"].string() == "job_running");

  const auto shown = app.call({Method::get, "/api/jobs/" + id, world::user(ada)}).json();
  CHECK(shown["jobs_ahead"].integer() == 0);
  CHECK(shown["project_id"].string() == project.str());
  CHECK(app.call({Method::get, url + "/jobs", world::user(ada)}).json().size() == 1);

  const auto empty = app.project(ada, {});
  const auto bare = app.call({Method::post, "/api/projects/" + empty.str() + "/jobs", world::user(ada)});
  CHECK(bare.status == 422);
  CHECK(bare.json()["code"].string() == "no_inputs");
  const auto odd = app.call({Method::post,
                             url + "/jobs",
                             world::user(ada),
                             {{"Content-Type", "application/json"}},
                             R"({"pipeline":"nope"})"});
  CHECK(odd.status == 422);
  CHECK(odd.json()["code"].string() == "unknown_pipeline");
  CHECK(app.call({Method::post, "/api/projects/" + core::Uuid::random().str() + "/jobs", world::user(ada)}).status ==
        404);
  CHECK(app.call({Method::post, "/api/projects/not-an-id/jobs", world::user(ada)}).status == 404);
}

TEST_CASE("the same Idempotency-Key starts one job and gives the same answer; another request under it is refused") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto project = app.project(ada, {"black-canyon"});
  const auto other = app.project(ada, {"black-canyon"});
  const auto post = [&](core::ProjectId to) {
    return app.call(
        {Method::post, "/api/projects/" + to.str() + "/jobs", world::user(ada), {{"Idempotency-Key", "once"}}});
  };
  const auto first = post(project);
  const auto second = post(project);
  CHECK(first.status == 201);
  CHECK(second.status == 201);
  CHECK(second.json()["id"].string() == first.json()["id"].string());
  CHECK(app.balance(ada) == 19);
  CHECK(post(other).status == 422);
  CHECK(app.scalar("select count(*) from public.jobs where user_id = $1", {ada.str()}) == "1");
}

TEST_CASE("a failed job is retried as a new one that goes on after the steps that were done") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "late_refusal");
  const auto early = app.call({Method::post, "/api/jobs/" + job.str() + "/retry", world::user(ada)});
  CHECK(early.status == 409);
  CHECK(early.json()["code"].string() == "not_failed");
  app.drain();
  const auto again = app.call({Method::post, "/api/jobs/" + job.str() + "/retry", world::user(ada)});
  REQUIRE(again.status == 201);
  CHECK(again.json()["retry_of"].string() == job.str());
  CHECK(app.balance(ada) == 15);
  app.drain();
  const auto id = core::JobId::parse(again.json()["id"].string_or("")).value();
  CHECK(app.fate(id).code == "BAD_IMAGE");
  CHECK(app.scalar("select a.finished_at = b.finished_at from public.job_steps a, public.job_steps b "
                   "where a.job_id = $1 and b.job_id = $2 and a.n = 0 and b.n = 0",
                   {job.str(), id.str()}) == "t");
  CHECK(app.balance(ada) == 20);
  CHECK(app.books_are_right());
}

TEST_CASE("a page that follows a job hears steps, rising progress and its end, and only once") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "three");
  const auto listen = [&](const std::string& last, Listening& into) -> int {
    http::Request rq;
    rq.path = "/api/jobs/" + job.str() + "/events";
    rq.caller = world::user(ada);
    if (!last.empty()) rq.headers.add("Last-Event-ID", last);
    const auto match = app.router.find(Method::get, rq.path);
    rq.params = match.params;
    const http::Response response = app.run(match.route->handler(rq));
    if (const auto* stream = std::get_if<http::StreamBody>(&response.body)) {
      jobs::Worker worker(app.loop, app.db(), app.listener, app.storage(), app.disk, app.all, app.config);
      core::TaskGroup group(app.loop);
      group.spawn("test.worker", worker.run());
      app.run(stream->write(into));
      worker.stop();
      app.run(group.join());
    }
    return response.status;
  };
  Listening heard;
  CHECK(listen("", heard) == 200);
  const auto values = progress_values(heard.text);
  CHECK(std::set<std::int64_t>(values.begin(), values.end()).size() >= 5);
  CHECK(std::is_sorted(values.begin(), values.end()));
  CHECK(values.back() == 100);
  CHECK(heard.text.find(R"({"step":"second","state":"running"})") != std::string::npos);
  CHECK(heard.text.find("event: done") != std::string::npos);
  CHECK(heard.text.find("event: done") == heard.text.rfind("event: done"));
  const std::size_t at = heard.text.rfind("id: ");
  const std::string last = heard.text.substr(at + 4, heard.text.find('\n', at) - at - 4);
  Listening nothing;
  CHECK(listen(last, nothing) == 204);
  CHECK(nothing.text.empty());
}

TEST_CASE("outputs are named, sized, and linked for an hour; a stranger's link is no link") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "three");
  app.drain();
  const auto list = app.call({Method::get, "/api/jobs/" + job.str() + "/outputs", world::user(ada)}).json();
  REQUIRE(list.size() == 1);
  CHECK(list[0]["name"].string() == "result.txt");
  CHECK(list[0]["expires_at"].string_or("").starts_with("2026-03-01T13:00:00"));
  const std::string url = list[0]["url"].string_or("");
  const std::string path = url.substr(url.find("/storage/"));
  const auto got = app.call({Method::get, path, http::Caller{}});
  CHECK(got.status == 200);
  CHECK(static_cast<std::int64_t>(got.body.size()) == list[0]["size"].integer());
  std::string forged = path;
  char& letter = forged[forged.find("token=") + 50];
  letter = letter == 'A' ? 'B' : 'A';
  CHECK(app.call({Method::get, forged, http::Caller{}}).status == 400);
  app.clock.advance(std::chrono::hours(1) + std::chrono::seconds(1));
  CHECK(app.call({Method::get, path, http::Caller{}}).status == 400);
}

TEST_CASE("the page says what the job does, what it cost, and why it failed") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto project = app.project(ada, {"black-canyon"});
  const std::string url = "/app/projects/" + project.str();
  const auto page = [&] { return app.call({Method::get, url, world::user(ada)}).body; };
  const auto has = [&](const std::string& body, const std::string& text) {
    CAPTURE(text);
    CHECK(body.find(text) != std::string::npos);
  };
  has(page(), "Make the video");
  has(page(), "20 credits");
  CHECK(app.call({Method::post,
                  url + "/jobs",
                  world::user(ada),
                  {{"Content-Type", "application/x-www-form-urlencoded"}},
                  "pipeline=refuse"})
            .status == 303);
  has(page(), "Next in line");
  has(page(), "http-equiv=\"refresh\"");
  has(page(), "data-status=\"QUEUED\"");
  has(page(), "Queued, 5 credits reserved.");
  CHECK(page().find("form=\"run\"") == std::string::npos);
  const auto twice = app.call({Method::post,
                               url + "/jobs",
                               world::user(ada),
                               {{"Content-Type", "application/x-www-form-urlencoded"}},
                               "pipeline=refuse"});
  CHECK(twice.status == 303);
  CHECK(twice.headers.get("Location") == url + "?problem=jobs.job_running");
  app.drain();
  has(page(), "We can’t read “&lt;holiday&gt;.jpg” as a photograph.");
  has(page(), "BAD_IMAGE");
  has(page(), "5 credits returned.");
  has(page(), "data-state=\"failed\"");
  const auto good = app.start(ada, project, "three");
  app.drain();
  REQUIRE(app.status(good) == "READY");
  has(page(), "result.txt");
  has(page(), "2 credits");
  has(page(), "3 credits returned.");
  has(page(), "data-state=\"done\"");
}

TEST_CASE("a money form sent twice starts one job and says nothing; a form made later starts the next") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto project = app.project(ada, {"black-canyon"});
  const std::string url = "/app/projects/" + project.str();
  const auto once = [&] {
    const std::string body = app.call({Method::get, url, world::user(ada)}).body;
    const std::string before = "name=\"once\" value=\"";
    const std::size_t at = body.find(before);
    REQUIRE(at != std::string::npos);
    return body.substr(at + before.size(), 36);
  };
  const auto send = [&](const std::string& to, const std::string& form) {
    const auto answer = app.call({Method::post,
                                  to,
                                  world::user(ada),
                                  {{"Content-Type", "application/x-www-form-urlencoded"}},
                                  std::string(form)});
    CHECK(answer.status == 303);
    return std::string(answer.headers.get("Location"));
  };
  const auto jobs_made = [&] { return app.scalar("select count(*) from public.jobs where user_id = $1", {ada.str()}); };
  const std::string first = "pipeline=refuse&once=" + once();
  CHECK(send(url + "/jobs", first) == url);
  CHECK(send(url + "/jobs", first) == url);
  CHECK(jobs_made() == "1");
  CHECK(app.balance(ada) == 15);
  app.drain();

  const std::string job = app.scalar("select id from public.jobs where user_id = $1", {ada.str()});
  const std::string again = "once=" + once();
  CHECK(again != first.substr(first.find("once=")));
  CHECK(send("/app/jobs/" + job + "/retry", again) == url);
  CHECK(send("/app/jobs/" + job + "/retry", again) == url);
  CHECK(jobs_made() == "2");
  CHECK(app.balance(ada) == 15);
  CHECK(send(url + "/jobs", "pipeline=refuse&once=another") == url + "?problem=jobs.job_running");
  CHECK(app.books_are_right());
}

TEST_CASE("so many files have a price before there is a project, and a sentence for it") {
  JobsApp app;
  const auto ada = app.person(1);
  const auto ask = [&](const std::string& inputs) {
    return app.call({Method::get, "/api/quote?inputs=" + inputs, world::user(ada)});
  };
  CHECK(ask("0").json()["credits"].integer() == 0);
  const auto one = ask("1").json();
  CHECK(one["enough"].boolean() == true);
  CHECK(one["text"].string() == "At most 1 credit. You have 1 credit.");
  const auto many = ask("60").json();
  CHECK(many["credits"].integer().value_or(0) > 1);
  CHECK(many["enough"].boolean() == false);
  CHECK(many["text"].string_or("").find("until you have enough") != std::string::npos);
  for (const std::string bad : {"61", "-1", "x", ""}) {
    CAPTURE(bad);
    CHECK(ask(bad).status == 400);
    CHECK(ask(bad).json()["code"].string() == "invalid_inputs");
  }
}
