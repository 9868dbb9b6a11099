#include "integration/jobs/support/house.h"

using support::Fate;
using support::House;

TEST_CASE("a job runs its steps in order, keeps their files and settles everything at once") {
  House house;
  const auto ada = house.person(20);
  const auto project = house.project(ada, {"black-canyon"});
  const auto job = house.start(ada, project, "three");
  CHECK(house.balance(ada) == 15);
  CHECK(house.drain() == 1);

  const Fate fate = house.fate(job);
  CHECK(fate.status == "READY");
  CHECK(fate.project == "ready");
  CHECK(fate.cost == 2);
  CHECK(house.balance(ada) == 18);
  CHECK(house.books_are_right());
  CHECK(house.mails(job) == "job_completed");
  const std::string bytes =
      std::to_string(core::find_resource("src/pipeline/data/sample/black-canyon.jpg")->bytes.size());
  CHECK(house.output_bytes(job, "result.txt") == bytes + " and second and third of " + bytes);
  CHECK(house.scalar("select string_agg(name || ':' || state, ' ' order by n) from public.job_steps where job_id = $1",
                     {job.str()}) == "first:done second:done third:done");
  CHECK(house.scalar(
            "select count(*) from public.job_steps where job_id = $1 and cpu_ms >= 0 and peak_kb > 0 and bytes_out > 0",
            {job.str()}) == "3");
  CHECK(
      house.scalar("select string_agg(type || ' ' || split_part(path, '/', 1), ', ' order by path) from public.assets "
                   "where job_id = $1 and type <> 'input'",
                   {job.str()}) == "intermediate project-assets, intermediate project-assets, output project-outputs");
  CHECK_FALSE(std::filesystem::exists(house.config.work_dir + "/j_" + job.str()));
}

TEST_CASE("a step that refuses fails its job with its own code and gives every credit back") {
  House house;
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, {"black-canyon"}), "late_refusal");
  house.drain();
  const Fate fate = house.fate(job);
  CHECK(fate.status == "FAILED");
  CHECK(fate.code == "BAD_IMAGE");
  CHECK(fate.message.find("“<holiday>.jpg”") != std::string::npos);
  CHECK(fate.project == "failed");
  CHECK(fate.cost == 0);
  CHECK(house.balance(ada) == 20);
  CHECK(house.mails(job) == "job_failed");
  CHECK(house.scalar("select state || ' ' || error_code from public.job_steps where job_id = $1 and n = 1",
                     {job.str()}) == "failed BAD_IMAGE");
  CHECK(house.books_are_right());
}

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

TEST_CASE("each way in which a step dies has its code, and the worker lives on") {
  House house;
  house.config.step_memory_bytes = 512ull << 20;
  house.config.step_file_bytes = 32ull << 20;
  struct Case {
    const char* pipeline;
    const char* code;
  };
  const auto ada = house.person(100);
  for (const Case& one :
       {Case{"timeout", "STEP_TIMEOUT"}, Case{"timeout_deaf", "STEP_TIMEOUT"}, Case{"devour", "STEP_OUT_OF_MEMORY"},
        Case{"overflow", "OUTPUT_TOO_LARGE"}, Case{"many_files", "OUTPUT_TOO_LARGE"}, Case{"flood", "STEP_TIMEOUT"},
        Case{"throw_up", "ERR_PROCESSING"}}) {
    // A sanitizer reserves terabytes of address space, so steps run without that limit under one
    // (jobs/pipeline_context.h).
    if (kSanitized && std::string_view(one.pipeline) == "devour") continue;
    CAPTURE(one.pipeline);
    const auto job = house.start(ada, house.project(ada, {"black-canyon"}), one.pipeline);
    house.drain();
    const Fate fate = house.fate(job);
    CHECK(fate.status == "FAILED");
    CHECK(fate.code == one.code);
    CHECK(fate.message.size() > 20);
    CHECK(fate.cost == 0);
    house.check_failed_clean(job, one.code);
    house.check_nothing_left(house.config.work_dir);
  }
  CHECK(house.balance(ada) == 100);
  CHECK(house.books_are_right());
}

TEST_CASE("what may pass by itself is tried three times, then fails and gives the credits back") {
  House house;
  const auto ada = house.person(20);
  for (const auto& [pipeline, code] : {std::pair{"crash", "STEP_CRASHED"}, std::pair{"wait_outside", "ELSEWHERE_DOWN"},
                                       std::pair{"babble", "STEP_CRASHED"}}) {
    CAPTURE(pipeline);
    const auto job = house.start(ada, house.project(ada, {"black-canyon"}), pipeline);
    for (int attempt = 1; attempt <= 2; ++attempt) {
      house.drain();
      CHECK(house.status(job) == "QUEUED");
      house.make_timers_due();
    }
    house.drain();
    const Fate fate = house.fate(job);
    CHECK(fate.status == "FAILED");
    CHECK(fate.code == code);
    CHECK(fate.attempt == 3);
  }
  CHECK(house.balance(ada) == 20);
}

TEST_CASE("a queued job is cancelled at once, a running one is stopped and pays for what it finished") {
  House house;
  const auto ada = house.person(20);
  const auto project = house.project(ada, {"black-canyon"});
  const auto waiting = house.start(ada, project, "hang");
  auto answer = house.call({http::Method::post, "/api/jobs/" + waiting.str() + "/cancel", world::user(ada)});
  CHECK(answer.status == 200);
  CHECK(house.fate(waiting).code == "CANCELLED");
  CHECK(house.balance(ada) == 20);

  const auto running = house.start(ada, project, "hang");
  jobs::Worker worker(house.loop, house.db(), house.listener, house.storage(), house.disk, house.all, house.config);
  core::TaskGroup group(house.loop);
  group.spawn("test.worker", worker.run());
  house.until("the second step runs", [&] {
    return house.scalar("select count(*) from public.job_steps where job_id = $1 and n = 1", {running.str()}) == "1";
  });
  answer = house.call({http::Method::post, "/api/jobs/" + running.str() + "/cancel", world::user(ada)});
  CHECK(answer.status == 202);
  house.until("it is stopped", [&] { return house.finished(running); }, std::chrono::seconds(10));
  CHECK(house.fate(running).code == "CANCELLED");
  CHECK(house.fate(running).cost == 1);
  CHECK(house.balance(ada) == 19);
  CHECK(house.mails(running) == "");
  CHECK(house.books_are_right());
  worker.stop();
  house.run(group.join());
}

TEST_CASE("a worker told to stop hands its job back, uncounted, and another goes on after the last done step") {
  House house;
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, {"black-canyon"}), "three");
  {
    jobs::Worker worker(house.loop, house.db(), house.listener, house.storage(), house.disk, house.all, house.config);
    core::TaskGroup group(house.loop);
    group.spawn("test.worker", worker.run());
    house.until("the second step runs", [&] {
      return house.scalar("select count(*) from public.job_steps where job_id = $1 and n = 1", {job.str()}) == "1";
    });
    worker.stop();
    house.run(group.join());
  }
  CHECK(house.status(job) == "QUEUED");
  CHECK(house.fate(job).attempt == 0);
  CHECK(house.scalar("select count(*) from tenon.leases") == "0");
  const std::string first_done =
      house.scalar("select finished_at from public.job_steps where job_id = $1 and n = 0", {job.str()});
  CHECK(house.drain() == 1);
  CHECK(house.fate(job).status == "READY");
  CHECK(house.fate(job).cost == 2);
  CHECK(house.scalar("select finished_at from public.job_steps where job_id = $1 and n = 0", {job.str()}) ==
        first_done);
  CHECK(house.books_are_right());
}

TEST_CASE("a job whose connections are cut again and again still finishes, once") {
  House house;
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, {"black-canyon"}), "three");
  jobs::Worker worker(house.loop, house.db(), house.listener, house.storage(), house.disk, house.all, house.config);
  core::TaskGroup group(house.loop);
  group.spawn("test.worker", worker.run());
  int cuts = 0;
  house.until(
      "it is finished",
      [&] {
        if (++cuts % 5 == 0)
          house.owner.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'");
        return house.finished(job);
      },
      std::chrono::seconds(90));
  CHECK(cuts > 5);
  worker.stop();
  house.run(group.join());
  CHECK(house.fate(job).status == "READY");
  CHECK(house.fate(job).cost == 2);
  CHECK(house.mails(job) == "job_completed");
  CHECK(house.books_are_right());
}

TEST_CASE("what a step says faster than the worker listens waits in the step, not in the worker") {
  House house;
  const auto resident_kb = [] {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
    return 0l;
  };
  const auto ada = house.person(20);
  house.start(ada, house.project(ada, {"black-canyon"}), "flood");
  const long before = resident_kb();
  house.drain();
  CHECK(resident_kb() - before < 64 * 1024);
}

TEST_CASE("outputs of earlier steps, however large, reach the later ones") {
  House house;
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, {"black-canyon"}), "much");
  house.drain();
  house.check_ready_once(job, 5, 1);
  CHECK(house.output_bytes(job, "result.txt") == "1800000");
}

TEST_CASE("an output of an early step is seen when the job is READY, not before, and a retry keeps it") {
  House house;
  const auto ada = house.person(20);
  const auto project = house.project(ada, {"black-canyon"});
  house.owner.query("update public.assets set meta = meta || '{\"caption\": \"refuse\"}' where project_id = $1",
                    {project.str()});
  const auto job = house.start(ada, project, "early");
  house.drain();
  const Fate fate = house.fate(job);
  CHECK(fate.code == "REFUSED");
  CHECK(house.balance(ada) == 20);
  CHECK(house.count("public.assets where job_id = $1 and type = 'output'", job) == 0);
  auto answer = house.call({http::Method::get, "/api/jobs/" + job.str() + "/outputs", world::user(ada)});
  CHECK(answer.body == "[]");

  house.owner.query("update public.assets set meta = meta || '{\"caption\": \"fine\"}' where project_id = $1",
                    {project.str()});
  answer = house.call({http::Method::post, "/api/jobs/" + job.str() + "/retry", world::user(ada)});
  REQUIRE(answer.status == 201);
  const auto again = core::JobId::parse(answer.json()["id"].string_or(""));
  REQUIRE(again);
  house.drain();
  CHECK(house.fate(*again).status == "READY");
  CHECK(house.output_bytes(*again, "early.txt") == "early");
  CHECK(house.output_bytes(*again, "late.txt") == "late");
  CHECK(house.count("public.assets where job_id = $1 and type = 'output'", *again) == 2);
}

TEST_CASE("a step cancelled in its midst is killed with its children, and leaves no output and no file") {
  House house;
  const auto ada = house.person(20);
  const auto job = house.start(ada, house.project(ada, std::vector<std::string>(12, "black-canyon")), "");
  jobs::Worker worker(house.loop, house.db(), house.listener, house.storage(), house.disk, house.all, house.config);
  core::TaskGroup group(house.loop);
  group.spawn("test.worker", worker.run());
  house.until("the video renders", [&] {
    return house.scalar("select count(*) from public.job_steps where job_id = $1 and name = 'render'", {job.str()}) ==
           "1";
  });
  const auto answer = house.call({http::Method::post, "/api/jobs/" + job.str() + "/cancel", world::user(ada)});
  CHECK(answer.status == 202);
  house.until("it is stopped", [&] { return house.finished(job); }, std::chrono::seconds(10));
  worker.stop();
  house.run(group.join());
  const Fate fate = house.fate(job);
  CHECK(fate.status == "FAILED");
  CHECK(fate.code == "CANCELLED");
  CHECK(fate.cost == 0);
  CHECK(house.balance(ada) == 20);
  CHECK(house.mails(job) == "");
  CHECK(house.count("public.assets where job_id = $1 and type = 'output'", job) == 0);
  CHECK(house.books_are_right());
  // Nothing of it works on: a process keeps its folder, and there is none.
  std::error_code none;
  int alive = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", none))
    alive += std::filesystem::read_symlink(entry.path() / "cwd", none).string().starts_with(house.config.work_dir);
  CHECK(alive == 0);
  house.check_nothing_left(house.config.work_dir);
}
