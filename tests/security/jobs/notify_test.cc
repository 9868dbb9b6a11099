// POST /api/internal/notify, as external workers and forgers call it.
#include <filesystem>

#include "jobs/api.h"
#include "jobs/jobs.h"
#include "projects/projects.h"
#include "support/auth_app.h"

using namespace auth_test;
using http::Method;

namespace {

const std::string kSecret = "one-secret-of-internal-calls";

struct NotifyApp : AuthApp {
  NotifyApp()
      : AuthApp([](Config& config) { config.access.notify_secret = core::Secret(kSecret); }),
        storage(loop, pool, db(), clock,
                {.dir = (std::filesystem::temp_directory_path() / "tenon-notify-test").string()}),
        projects{loop, db(), storage, clock, {}},
        jobs(projects, listener(), pipelines) {
    router.post("/api/internal/notify", http::Access::internal, http::with(jobs, jobs::notify));
  }
  ~NotifyApp() override { close(); }

  Answer notify(const std::string& secret, const std::string& body) {
    Pairs headers{{"Content-Type", "application/json"}};
    if (!secret.empty()) headers.emplace_back("Authorization", "Bearer " + secret);
    return call(Method::post, "/api/internal/notify", headers, body);
  }

  storage::Storage storage;
  jobs::Pipelines pipelines;
  projects::Projects projects;
  jobs::Jobs jobs;
};

// A job that ended this way, with no email queued yet.
std::string job(const std::string& status, const std::string& code = "") {
  const std::string user = core::Uuid::random().str();
  rows("insert into auth.users (id, email) values ('" + user + "', '" + user + "@example.com')");
  const std::string project =
      cell("insert into public.projects (user_id, title) values ('" + user + "', 'T') returning id");
  const std::string id = core::Uuid::random().str();
  rows("insert into public.jobs (id, project_id, user_id, pipeline) values ('" + id + "', '" + project + "', '" + user +
       "', 'x')");
  if (status != "QUEUED")
    rows("update public.jobs set status = '" + status + "'" + (code.empty() ? "" : ", error_code = '" + code + "'") +
         " where id = '" + id + "'");
  rows("delete from public.email_log where entity = '" + id + "'");
  return id;
}
std::string body_of(const std::string& id) { return "{\"jobId\":\"" + id + "\"}"; }
std::string kinds(const std::string& id) {
  return cell("select coalesce(string_agg(kind, ',' order by kind), '') from public.email_log where entity = '" + id +
              "'");
}

}  // namespace

TEST_CASE("the internal callback queues one email a job, however often it is called") {
  NotifyApp app;
  const std::string done = job("READY");
  for (int i = 0; i < 3; ++i) CHECK(app.notify(kSecret, body_of(done)).status == 202);
  CHECK(kinds(done) == "job_completed");
  CHECK(cell("select count(*) from tenon.outbox where payload->>'job_id' = '" + done +
             "' and created_at > now() - interval '1 minute' and "
             "payload->>'email_log_id' in (select id::text from public.email_log)") == "1");
  const std::string failed = job("FAILED", "NO_SPEECH");
  CHECK(app.notify(kSecret, body_of(failed)).status == 202);
  CHECK(kinds(failed) == "job_failed");
}

TEST_CASE("a job that was cancelled or has not ended queues no email") {
  NotifyApp app;
  for (const std::string& id : {job("FAILED", "CANCELLED"), job("QUEUED")}) {
    CHECK(app.notify(kSecret, body_of(id)).status == 202);
    CHECK(kinds(id) == "");
  }
}

TEST_CASE("the internal callback is refused without its secret, whoever calls") {
  NotifyApp app;
  const std::string id = job("READY");
  const core::Json session = app.sign_in("notify@example.com");
  const std::string access = session["access_token"].string_or("");
  for (const std::string& wrong :
       {std::string(), std::string("wrong"), kSecret + "x", kSecret.substr(1), app.service, access}) {
    const Answer answer = app.notify(wrong, body_of(id));
    CHECK(answer.status == 401);
    CHECK(answer.json()["error"].string_or("") == "Unauthorized");
  }
  CHECK(kinds(id) == "");
}

TEST_CASE("a malformed callback is 400, an unknown job 404, and neither writes anything") {
  NotifyApp app;
  for (const char* body :
       {"", "{", "[]", "{}", "{\"jobId\":7}", "{\"jobId\":\"x\"}", "{\"jobId\":\"'; drop table jobs;--\"}", "null"})
    CHECK(app.notify(kSecret, body).status == 400);
  CHECK(app.notify(kSecret, body_of(core::Uuid::random().str())).status == 404);
}
