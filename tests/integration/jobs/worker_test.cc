#include "integration/jobs/support/jobs_app.h"

using support::Fate;
using support::JobsApp;

TEST_CASE("a job runs its steps in order, keeps their files and settles everything at once") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto project = app.project(ada, {"black-canyon"});
  const auto job = app.start(ada, project, "three");
  CHECK(app.balance(ada) == 15);
  CHECK(app.drain() == 1);

  const Fate fate = app.fate(job);
  CHECK(fate.status == "READY");
  CHECK(fate.project == "ready");
  CHECK(fate.cost == 2);
  CHECK(app.balance(ada) == 18);
  CHECK(app.books_are_right());
  CHECK(app.mails(job) == "job_completed");
  const std::string bytes =
      std::to_string(core::find_resource("src/pipeline/data/sample/black-canyon.jpg")->bytes.size());
  CHECK(app.output_bytes(job, "result.txt") == bytes + " and second and third of " + bytes);
  CHECK(app.scalar("select string_agg(name || ':' || state, ' ' order by n) from public.job_steps where job_id = $1",
                   {job.str()}) == "first:done second:done third:done");
  CHECK(app.scalar(
            "select count(*) from public.job_steps where job_id = $1 and cpu_ms >= 0 and peak_kb > 0 and bytes_out > 0",
            {job.str()}) == "3");
  CHECK(app.scalar("select string_agg(type || ' ' || split_part(path, '/', 1), ', ' order by path) from public.assets "
                   "where job_id = $1 and type <> 'input'",
                   {job.str()}) == "intermediate project-assets, intermediate project-assets, output project-outputs");
  CHECK_FALSE(std::filesystem::exists(app.config.work_dir + "/j_" + job.str()));
}

TEST_CASE("a step that refuses fails its job with its own code and gives every credit back") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "late_refusal");
  app.drain();
  const Fate fate = app.fate(job);
  CHECK(fate.status == "FAILED");
  CHECK(fate.code == "BAD_IMAGE");
  CHECK(fate.message.find("“<holiday>.jpg”") != std::string::npos);
  CHECK(fate.project == "failed");
  CHECK(fate.cost == 0);
  CHECK(app.balance(ada) == 20);
  CHECK(app.mails(job) == "job_failed");
  CHECK(app.scalar("select state || ' ' || error_code from public.job_steps where job_id = $1 and n = 1",
                   {job.str()}) == "failed BAD_IMAGE");
  CHECK(app.books_are_right());
}

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

TEST_CASE("each way in which a step dies has its code, and the worker lives on") {
  JobsApp app;
  app.config.step_memory_bytes = 512ull << 20;
  app.config.step_file_bytes = 32ull << 20;
  struct Case {
    const char* pipeline;
    const char* code;
  };
  const auto ada = app.person(100);
  for (const Case& one :
       {Case{"timeout", "STEP_TIMEOUT"}, Case{"timeout_deaf", "STEP_TIMEOUT"}, Case{"devour", "STEP_OUT_OF_MEMORY"},
        Case{"overflow", "OUTPUT_TOO_LARGE"}, Case{"many_files", "OUTPUT_TOO_LARGE"}, Case{"flood", "STEP_TIMEOUT"},
        Case{"throw_up", "ERR_PROCESSING"}}) {
    // A sanitizer reserves terabytes of address space, so steps run without that limit under one
    // (jobs/pipeline_context.h).
    if (kSanitized && std::string_view(one.pipeline) == "devour") continue;
    CAPTURE(one.pipeline);
    const auto job = app.start(ada, app.project(ada, {"black-canyon"}), one.pipeline);
    app.drain();
    const Fate fate = app.fate(job);
    CHECK(fate.status == "FAILED");
    CHECK(fate.code == one.code);
    CHECK(fate.message.size() > 20);
    CHECK(fate.cost == 0);
    app.check_failed_clean(job, one.code);
    app.check_nothing_left(app.config.work_dir);
  }
  CHECK(app.balance(ada) == 100);
  CHECK(app.books_are_right());
}

TEST_CASE("what may pass by itself is tried three times, then fails and gives the credits back") {
  JobsApp app;
  const auto ada = app.person(20);
  for (const auto& [pipeline, code] : {std::pair{"crash", "STEP_CRASHED"}, std::pair{"wait_outside", "ELSEWHERE_DOWN"},
                                       std::pair{"babble", "STEP_CRASHED"}}) {
    CAPTURE(pipeline);
    const auto job = app.start(ada, app.project(ada, {"black-canyon"}), pipeline);
    for (int attempt = 1; attempt <= 2; ++attempt) {
      app.drain();
      CHECK(app.status(job) == "QUEUED");
      app.make_timers_due();
    }
    app.drain();
    const Fate fate = app.fate(job);
    CHECK(fate.status == "FAILED");
    CHECK(fate.code == code);
    CHECK(fate.attempt == 3);
  }
  CHECK(app.balance(ada) == 20);
}

TEST_CASE("a queued job is cancelled at once, a running one is stopped and pays for what it finished") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto project = app.project(ada, {"black-canyon"});
  const auto waiting = app.start(ada, project, "hang");
  auto answer = app.call({http::Method::post, "/api/jobs/" + waiting.str() + "/cancel", world::user(ada)});
  CHECK(answer.status == 200);
  CHECK(app.fate(waiting).code == "CANCELLED");
  CHECK(app.balance(ada) == 20);

  const auto running = app.start(ada, project, "hang");
  jobs::Worker worker(app.loop, app.db(), app.listener, app.storage(), app.disk, app.all, app.config);
  core::TaskGroup group(app.loop);
  group.spawn("test.worker", worker.run());
  app.until("the second step runs", [&] {
    return app.scalar("select count(*) from public.job_steps where job_id = $1 and n = 1", {running.str()}) == "1";
  });
  answer = app.call({http::Method::post, "/api/jobs/" + running.str() + "/cancel", world::user(ada)});
  CHECK(answer.status == 202);
  app.until("it is stopped", [&] { return app.finished(running); }, std::chrono::seconds(10));
  CHECK(app.fate(running).code == "CANCELLED");
  CHECK(app.fate(running).cost == 1);
  CHECK(app.balance(ada) == 19);
  CHECK(app.mails(running) == "");
  CHECK(app.books_are_right());
  worker.stop();
  app.run(group.join());
}

TEST_CASE("a worker told to stop hands its job back, uncounted, and another goes on after the last done step") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "three");
  {
    jobs::Worker worker(app.loop, app.db(), app.listener, app.storage(), app.disk, app.all, app.config);
    core::TaskGroup group(app.loop);
    group.spawn("test.worker", worker.run());
    app.until("the second step runs", [&] {
      return app.scalar("select count(*) from public.job_steps where job_id = $1 and n = 1", {job.str()}) == "1";
    });
    worker.stop();
    app.run(group.join());
  }
  CHECK(app.status(job) == "QUEUED");
  CHECK(app.fate(job).attempt == 0);
  CHECK(app.scalar("select count(*) from tenon.leases") == "0");
  const std::string first_done =
      app.scalar("select finished_at from public.job_steps where job_id = $1 and n = 0", {job.str()});
  CHECK(app.drain() == 1);
  CHECK(app.fate(job).status == "READY");
  CHECK(app.fate(job).cost == 2);
  CHECK(app.scalar("select finished_at from public.job_steps where job_id = $1 and n = 0", {job.str()}) == first_done);
  CHECK(app.books_are_right());
}

TEST_CASE("a job whose connections are cut again and again still finishes, once") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "three");
  jobs::Worker worker(app.loop, app.db(), app.listener, app.storage(), app.disk, app.all, app.config);
  core::TaskGroup group(app.loop);
  group.spawn("test.worker", worker.run());
  int cuts = 0;
  app.until(
      "it is finished",
      [&] {
        if (++cuts % 5 == 0)
          app.owner.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'");
        return app.finished(job);
      },
      std::chrono::seconds(90));
  CHECK(cuts > 5);
  worker.stop();
  app.run(group.join());
  CHECK(app.fate(job).status == "READY");
  CHECK(app.fate(job).cost == 2);
  CHECK(app.mails(job) == "job_completed");
  CHECK(app.books_are_right());
}

TEST_CASE("what a step says faster than the worker listens waits in the step, not in the worker") {
  JobsApp app;
  const auto resident_kb = [] {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
    return 0l;
  };
  const auto ada = app.person(20);
  app.start(ada, app.project(ada, {"black-canyon"}), "flood");
  const long before = resident_kb();
  app.drain();
  CHECK(resident_kb() - before < 64 * 1024);
}

TEST_CASE("outputs of earlier steps, however large, reach the later ones") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, {"black-canyon"}), "much");
  app.drain();
  app.check_ready_once(job, 5, 1);
  CHECK(app.output_bytes(job, "result.txt") == "1800000");
}

TEST_CASE("an output of an early step is seen when the job is READY, not before, and a retry keeps it") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto project = app.project(ada, {"black-canyon"});
  app.owner.query("update public.assets set meta = meta || '{\"caption\": \"refuse\"}' where project_id = $1",
                  {project.str()});
  const auto job = app.start(ada, project, "early");
  app.drain();
  const Fate fate = app.fate(job);
  CHECK(fate.code == "REFUSED");
  CHECK(app.balance(ada) == 20);
  CHECK(app.count("public.assets where job_id = $1 and type = 'output'", job) == 0);
  auto answer = app.call({http::Method::get, "/api/jobs/" + job.str() + "/outputs", world::user(ada)});
  CHECK(answer.body == "[]");

  app.owner.query("update public.assets set meta = meta || '{\"caption\": \"fine\"}' where project_id = $1",
                  {project.str()});
  answer = app.call({http::Method::post, "/api/jobs/" + job.str() + "/retry", world::user(ada)});
  REQUIRE(answer.status == 201);
  const auto again = core::JobId::parse(answer.json()["id"].string_or(""));
  REQUIRE(again);
  app.drain();
  CHECK(app.fate(*again).status == "READY");
  CHECK(app.output_bytes(*again, "early.txt") == "early");
  CHECK(app.output_bytes(*again, "late.txt") == "late");
  CHECK(app.count("public.assets where job_id = $1 and type = 'output'", *again) == 2);
}

TEST_CASE("a step cancelled in its midst is killed with its children, and leaves no output and no file") {
  JobsApp app;
  const auto ada = app.person(20);
  const auto job = app.start(ada, app.project(ada, std::vector<std::string>(12, "black-canyon")), "");
  jobs::Worker worker(app.loop, app.db(), app.listener, app.storage(), app.disk, app.all, app.config);
  core::TaskGroup group(app.loop);
  group.spawn("test.worker", worker.run());
  app.until("the video renders", [&] {
    return app.scalar("select count(*) from public.job_steps where job_id = $1 and name = 'render'", {job.str()}) ==
           "1";
  });
  const auto answer = app.call({http::Method::post, "/api/jobs/" + job.str() + "/cancel", world::user(ada)});
  CHECK(answer.status == 202);
  app.until("it is stopped", [&] { return app.finished(job); }, std::chrono::seconds(10));
  worker.stop();
  app.run(group.join());
  const Fate fate = app.fate(job);
  CHECK(fate.status == "FAILED");
  CHECK(fate.code == "CANCELLED");
  CHECK(fate.cost == 0);
  CHECK(app.balance(ada) == 20);
  CHECK(app.mails(job) == "");
  CHECK(app.count("public.assets where job_id = $1 and type = 'output'", job) == 0);
  CHECK(app.books_are_right());
  // Nothing of it works on: a process keeps its folder, and there is none.
  std::error_code none;
  int alive = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", none))
    alive += std::filesystem::read_symlink(entry.path() / "cwd", none).string().starts_with(app.config.work_dir);
  CHECK(alive == 0);
  app.check_nothing_left(app.config.work_dir);
}
