// A web side and workers over the tests' Postgres: people with projects, photographs and credits, and what became of
// their jobs.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "core/resources.h"
#include "integration/jobs/support/pipelines.h"
#include "integration/storage/support/world.h"
#include "jobs/jobs.h"
#include "pg/listener.h"
#include "pipeline/pipeline.h"
#include "projects/projects.h"

namespace support {

using core::Task;

struct Fate {
  std::string status;
  std::string code;
  std::string message;
  std::int64_t cost = 0;
  std::string project;
  std::int64_t attempt = 0;
};

struct JobsApp : world::World {
  JobsApp()
      : listener(loop, pg_config()),
        projects{loop, db(), storage(), clock, pipeline::product().inputs},
        jobs(projects, listener, all) {
    config.slots = 2;
    config.poll = std::chrono::milliseconds(50);
    config.work_dir = dir + "/work";
    config.step_program = JOBS_TEST_CHILD;
    config.worker_id = "worker-test";
    jobs::mount(router, jobs);
    // The database is shared by all cases of this program: what an earlier one left must not be claimed here.
    owner.query("select tenon.cancel_job(id) from public.jobs where status = 'QUEUED'");
  }
  ~JobsApp() { run(listener.close()); }

  static pg::Config pg_config() { return support::database(); }

  core::UserId person(int credits) {
    const core::UserId user = sign_up();
    if (credits > 0) grant(user, credits);
    return user;
  }
  core::ProjectId project(core::UserId user, std::vector<std::string> photographs) {
    const projects::Project made = run(projects::create(projects, user, "A project"));
    for (const std::string& name : photographs) {
      const core::Resource* file = core::find_resource("src/pipeline/data/sample/" + name + ".jpg");
      REQUIRE_MESSAGE(file, name);
      run(projects::add_input(projects, user, made.id, name + ".jpg", {{"caption", "Caption of " + name}},
                              std::string(file->bytes)));
    }
    return made.id;
  }
  // Past the front door, which would refuse it: what a step meets when an upload was not what it seemed.
  void add_raw_input(core::UserId user, core::ProjectId project, const std::string& name, const std::string& bytes) {
    const std::string key =
        "u_" + user.str() + "/p_" + project.str() + "/j_" + core::Uuid::random().str() + "/inputs/" + name;
    const auto put = [&]() -> Task<> {
      auto upload = storage().upload(1 << 30);
      co_await upload.write(bytes);
      const storage::Staged staged = co_await upload.finish();
      const auto in_tx = [this, &key, &staged, user](pg::Tx& tx) -> Task<> {
        co_await storage().commit(tx, "project-assets", key, staged, "image/jpeg", user);
      };
      co_await db().in(pg::as_service("test"), in_tx);
    };
    run(put());
    core::JsonWriter meta;
    meta.begin().field("name", name).field("caption", "").field("mime", "image/jpeg").field("size", bytes.size()).end();
    owner.query(
        "insert into public.assets (user_id, project_id, type, path, meta) values ($1, $2, 'input', $3, $4::jsonb)",
        {user.str(), project.str(), "project-assets/" + key, meta.take()});
  }
  core::JobId start(core::UserId user, core::ProjectId project, const std::string& pipeline) {
    return run(jobs::start(jobs, user, project, pipeline));
  }
  int drain() {
    jobs::Worker worker(loop, db(), listener, storage(), disk, all, config);
    return run(worker.drain());
  }
  // After the server was away.
  void reconnect_owner() {
    std::destroy_at(&owner);
    std::construct_at(&owner, support::env("TENON_TEST_SUPER_URL"), 20000);
  }
  std::int64_t count(const std::string& what, core::JobId job) {
    return std::stoll(scalar("select count(*) from " + what, {job.str()}));
  }
  // Everything that a job may leave, and no more: one set of outputs with their objects, one mail, books that agree.
  void check_ready_once(core::JobId job, std::int64_t cost, std::int64_t outputs) {
    CAPTURE(job.str());
    const Fate now = fate(job);
    CHECK(now.status == "READY");
    CHECK(now.project == "ready");
    CHECK(now.cost == cost);
    CHECK(mails(job) == "job_completed");
    CHECK(count("tenon.outbox where kind = 'mail' and payload ->> 'job_id' = $1", job) == 1);
    CHECK(count("public.assets where job_id = $1 and type = 'output'", job) == outputs);
    CHECK(count("storage.objects where bucket_id = 'project-outputs' and name like '%/j_' || $1 || '/%'", job) ==
          outputs);
    CHECK(count("public.credit_ledger where job_id = $1::uuid and type = 'reserve'", job) == 1);
    CHECK(count("public.credit_ledger where job_id = $1::uuid and type = 'release'", job) <= 1);
    CHECK(count("public.job_steps where job_id = $1::uuid and state <> 'done'", job) == 0);
  }
  // Failed by name, every credit back, nothing half-written, and a mail that says so.
  void check_failed_clean(core::JobId job, const std::string& code) {
    CAPTURE(job.str());
    const Fate now = fate(job);
    CHECK(now.status == "FAILED");
    CHECK(now.code == code);
    CHECK(now.message.size() > 30);
    CHECK(now.message.find("{") == std::string::npos);
    CHECK(now.project == "failed");
    CHECK(now.cost == 0);
    CHECK(scalar("select coalesce(sum(amount), 0) from public.credit_ledger where job_id = $1", {job.str()}) == "0");
    CHECK(mails(job) == "job_failed");
    CHECK(count("public.assets where job_id = $1 and type = 'output'", job) == 0);
    CHECK(count("storage.objects where bucket_id = 'project-outputs' and name like '%/j_' || $1 || '/%'", job) == 0);
    CHECK(count("public.job_steps where job_id = $1::uuid and state = 'running'", job) == 0);
  }
  // No file in the store that no row names, and no folder of a job or of a dead worker.
  void check_nothing_left(const std::string& work) {
    CHECK(temps() == 0);
    CHECK(std::to_string(files()) ==
          scalar("select count(*) from storage.objects where name like any (select 'u_' || user_id || '/%' from "
                 "public.projects where created_at >= $1::timestamptz)",
                 {born}));
    std::error_code none;
    std::string left;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(work, none))
      left += entry.path().string() + " ";
    CHECK(left == "");
  }

  // A retry waits in the timers; here nobody waits.
  void make_timers_due() { owner.query("update tenon.job_timers set run_at = now() - interval '1 second'"); }

  std::string status(core::JobId job) { return scalar("select status from public.jobs where id = $1", {job.str()}); }
  bool finished(core::JobId job) {
    const std::string now = status(job);
    return now == "READY" || now == "FAILED";
  }
  Fate fate(core::JobId job) {
    const auto rows = owner.query(
        "select j.status, coalesce(error_code, ''), coalesce(error_message, ''), cost_credits_final, p.status, attempt "
        "from public.jobs j join public.projects p on p.id = j.project_id where j.id = $1",
        {job.str()});
    REQUIRE(rows.rows.size() == 1);
    const auto& row = rows.rows[0];
    return {*row[0], *row[1], *row[2], std::stoll(*row[3]), *row[4], std::stoll(*row[5])};
  }
  // For each settled job the ledger's sum is minus its final cost, and each account's balance the sum of its rows.
  bool books_are_right() {
    return scalar(
               "select count(*) from public.jobs j where settled_at is not null and cost_credits_final <> "
               "coalesce((select -sum(amount) from public.credit_ledger l where l.job_id = j.id), 0)") == "0" &&
           scalar(
               "select count(*) from public.credit_accounts a where balance <> "
               "coalesce((select sum(amount) from public.credit_ledger l where l.user_id = a.user_id), 0)") == "0";
  }
  std::string mails(core::JobId job) {
    return scalar("select coalesce(string_agg(kind, ',' order by kind), '') from public.email_log where entity = $1",
                  {job.str()});
  }
  std::string output(core::JobId job, const std::string& name) {
    const auto read = [&]() -> Task<std::string> {
      const std::string tail = "/" + name;
      const auto in_tx = [this, &job, &tail](pg::Tx& tx) -> Task<std::string> {
        const auto path =
            owner.query("select path from public.assets where job_id = $1 and type = 'output' and path like '%' || $2",
                        {job.str(), tail});
        if (path.rows.empty()) co_return "(no such asset)";
        const std::string& whole = *path.rows[0][0];
        const auto object =
            co_await storage().find(tx, whole.substr(0, whole.find('/')), whole.substr(whole.find('/') + 1));
        if (!object) co_return "(no such object)";
        co_return co_await storage().local_path(*object);
      };
      co_return co_await db().in(pg::as_service("test"), in_tx);
    };
    return run(read());
  }
  std::string output_bytes(core::JobId job, const std::string& name) {
    const std::string path = output(job, name);
    std::ifstream in(path, std::ios::binary);
    if (!in) return path;
    return {std::istreambuf_iterator<char>(in), {}};
  }

  jobs::Pipelines all = support::pipelines();
  pg::Listener listener;
  projects::Projects projects;
  jobs::Jobs jobs;
  jobs::Config config;
  std::string born = scalar("select clock_timestamp()");  // the database is shared, the store is not
};

// A worker process of its own, to be killed. `changes` replace variables, `argv` the tests' own worker.
class Process {
 public:
  using Variables = std::map<std::string, std::string>;
  explicit Process(const JobsApp& app, const std::string& name, const Variables& changes = {},
                   std::vector<std::string> argv = {JOBS_TEST_CHILD, "worker"}, const std::string& log = "") {
    Variables all{{"DATABASE_URL", support::env("TENON_TEST_URL").reveal()},
                  {"STORAGE_DIR", app.dir + "/store"},
                  {"TENON_WORK_DIR", app.dir + "/work-" + name},
                  {"TENON_LEASE_SECONDS", "2"},
                  {"POLL_INTERVAL_MS", "50"},
                  {"WORKER_SLOTS", "2"},
                  {"WORKER_ID", name},
                  {"JWT_SECRET", "a secret of the tests only, long enough"},
                  {"PATH", std::getenv("PATH")}};
    for (const auto& [variable, value] : changes) all[variable] = value;
    std::vector<std::string> environment;
    for (const auto& [variable, value] : all) environment.push_back(variable + "=" + value);
    std::vector<char*> pairs;
    for (std::string& pair : environment) pairs.push_back(pair.data());
    pairs.push_back(nullptr);
    std::vector<char*> words;
    for (std::string& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    if (!log.empty())
      for (const int fd : {1, 2})
        ::posix_spawn_file_actions_addopen(&files, fd, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int spawned = ::posix_spawn(&pid_, words[0], &files, nullptr, words.data(), pairs.data());
    ::posix_spawn_file_actions_destroy(&files);
    REQUIRE(spawned == 0);
  }
  ~Process() { end(SIGKILL); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  pid_t pid() const { return pid_; }
  // Sends the signal (0: none) and waits; killed and SIGALRM as its status when it takes longer than `limit`.
  int end(int signal, std::chrono::milliseconds limit = std::chrono::seconds(60)) {
    if (pid_ <= 0) return -1;
    if (signal != 0) ::kill(pid_, signal);
    int status = 0;
    if (!wait_until([&] { return ::waitpid(pid_, &status, WNOHANG) != 0; }, limit)) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      status = SIGALRM;
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace support
