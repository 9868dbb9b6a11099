#include "integration/jobs/support/jobs_app.h"

using http::Method;
using support::JobsApp;

TEST_CASE("nobody reaches another's job by any route: it looks like one that does not exist") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto eve = app.person(20);
  const auto project = app.project(ada, {"black-canyon"});
  const auto job = app.start(ada, project, "refuse");
  const std::string missing = core::Uuid::random().str();
  for (const auto& [method, before, after] :
       {std::tuple{Method::get, "/api/jobs/", ""}, std::tuple{Method::post, "/api/jobs/", "/cancel"},
        std::tuple{Method::post, "/api/jobs/", "/retry"}, std::tuple{Method::get, "/api/jobs/", "/events"},
        std::tuple{Method::get, "/api/jobs/", "/outputs"}, std::tuple{Method::post, "/app/jobs/", "/cancel"},
        std::tuple{Method::post, "/app/jobs/", "/retry"}}) {
    CAPTURE(after);
    const auto hers = app.call({method, before + job.str() + after, world::user(eve)});
    const auto nobodys = app.call({method, before + missing + after, world::user(eve)});
    CHECK(hers.status == 404);
    CHECK(hers.body == nobodys.body);
  }
  for (const auto& [method, before, after] :
       {std::tuple{Method::post, "/api/projects/", "/jobs"}, std::tuple{Method::get, "/api/projects/", "/quote"},
        std::tuple{Method::get, "/app/projects/", ""}, std::tuple{Method::post, "/app/projects/", "/jobs"}}) {
    CAPTURE(before);
    CAPTURE(after);
    CHECK(app.call({method, before + project.str() + after, world::user(eve)}).status == 404);
  }
  CHECK(app.call({Method::get, "/api/projects/" + project.str() + "/jobs", world::user(eve)}).body == "[]");
  CHECK(app.status(job) == "QUEUED");
  CHECK(app.balance(ada) == 15);
}

TEST_CASE("a step sees no secret, no stranger's descriptor, and the variables it was promised") {
  JobsApp app;
  ::setenv("TENON_TEST_VISIBLE", "for the step", 1);
  ::setenv("TENON_TEST_HIDDEN", "not for the step", 1);
  app.config.pipeline_env = {"TENON_TEST_VISIBLE"};
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "spy");
  app.drain();
  const std::string environment = app.output_bytes(job, "environment.txt");
  CHECK(environment.find("TENON_TEST_VISIBLE=for the step") != std::string::npos);
  CHECK(environment.find("not for the step") == std::string::npos);
  CHECK(environment.find("postgres") == std::string::npos);
  CHECK(app.output_bytes(job, "descriptors.txt") == ".");
}

TEST_CASE("a step can hand over only plain files of its own folder") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "trespass");
  app.drain();
  CHECK(app.fate(job).status == "READY");
  CHECK(app.output_bytes(job, "taken.txt") == ".");
}

TEST_CASE("no user calls the queue: every function a worker has is closed to people") {
  JobsApp app;
  const auto eve = app.person(20);
  const auto job = app.start(eve, app.project(eve, {"black-canyon"}), "refuse");
  const auto denied = [&](pg::Sql sql) {
    try {
      app.run(app.db().as(eve).run(sql));
    } catch (const pg::Error& error) {
      return error.sqlstate == "42501";
    }
    return false;
  };
  CHECK(denied({"test.claim", "select count(*) from tenon.claim_jobs('pipeline', 'eve', 1, 1)"}));
  CHECK(denied({"test.claim_next", "select public.claim_next_job('eve') is null"}));
  CHECK(denied({"test.ready", "select count(*) from tenon.job_ready"}));
  CHECK(denied({"test.finish", "update public.jobs set status = 'READY'"}));
  CHECK(denied({"test.asset",
                "insert into public.assets (user_id, project_id, type, path) select user_id, id, 'output', "
                "'project-outputs/u_x/y' from public.projects"}));
  CHECK(app.status(job) == "QUEUED");
}
