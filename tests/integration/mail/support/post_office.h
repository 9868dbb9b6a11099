// Postgres, an outbox dispatcher with the mail module, and the simulated Resend behind a real server on the same loop.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/loop.h"
#include "html/html.h"
#include "http/server.h"
#include "jobs/emails.h"
#include "mail/mail.h"
#include "outbox/outbox.h"
#include "pg/session.h"
#include "sim/inbox.h"
#include "sim/sim.h"

namespace post {

using core::Task;

inline core::Secret env(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is missing: run by tests/support/with-postgres");
  return core::Secret(value);
}

class Everybody final : public http::AccessControl {
  Task<std::optional<http::Response>> admit(http::Request&, http::Access) override { co_return std::nullopt; }
};

class Office {
 public:
  explicit Office(std::string api_key = "re_test", std::string api_base = "")
      : server_(loop, {.bind = "127.0.0.1"}, mount(), access_), port_(server_.listen(0)) {
    pg::Config config;
    config.url = config.direct_url = env("TENON_TEST_URL");
    db = std::make_unique<pg::Db>(loop, config);
    listener = std::make_unique<pg::Listener>(loop, config);
    client = std::make_unique<http::Client>(loop);
    dispatcher = std::make_unique<outbox::OutboxDispatcher>(loop, *db, *listener, "test");
    mail::Config mails;
    mails.api_key = core::Secret(std::move(api_key));
    mails.api_base = api_base.empty() ? "http://127.0.0.1:" + std::to_string(port_) + "/dev/resend" : api_base;
    mails.per_second = 100;
    mail = std::make_unique<mail::Mail>(loop, *client, *db, mails);
    mail::register_deliveries(*dispatcher, *mail, jobs::find_finished_job(*db));
    owner.script("delete from tenon.outbox_ready; delete from tenon.outbox_leases; delete from tenon.outbox");
  }
  ~Office() {
    loop.run_until(server_.drain(std::chrono::milliseconds(100)));
    loop.run_until(listener->close());
    loop.run_until(db->close());
  }

  core::UserId sign_up(std::string address = "") {
    const auto id = core::UserId::random();
    if (address.empty()) address = id.str() + "@example.com";
    owner.query("insert into auth.users (id, email) values ($1, $2)", {id.str(), address});
    return id;
  }
  // A job that has ended, without the mail that its end would queue. `code` empty: READY. What was `reserved` for it
  // comes back.
  std::string ended_job(core::UserId user, const std::string& title, const std::string& code = "",
                        const std::string& reserved = "") {
    const std::string project =
        scalar("insert into public.projects (user_id, title) values ($1, $2) returning id", {user.str(), title});
    const std::string job = core::Uuid::random().str();
    owner.query("insert into public.jobs (id, project_id, user_id, pipeline) values ($1, $2, $3, 'x')",
                {job, project, user.str()});
    if (!reserved.empty()) {
      owner.query("select tenon.grant_credits($1, $2, $3::int, 'for a test')", {user.str(), job, reserved});
      owner.query("select public.reserve_credits($1, $2, $3::int)", {user.str(), job, reserved});
      owner.query("select public.finalize_credits($1, $2, 0)", {user.str(), job});
    }
    if (code.empty()) owner.query("update public.jobs set status = 'READY' where id = $1", {job});
    else
      owner.query(
          "update public.jobs set status = 'FAILED', error_code = $2, error_message = 'The file is no photograph.' "
          "where id = $1",
          {job, code});
    owner.query("delete from public.email_log where entity = $1", {job});
    owner.script("delete from tenon.outbox_ready; delete from tenon.outbox");
    return job;
  }
  void queue(core::UserId user, std::string kind, std::string entity, std::string extra = "{}") {
    static constexpr auto put = [](pg::Tx& tx, core::UserId to, std::string what, std::string about,
                                   std::string more) -> Task<> {
      co_await outbox::queue_mail(tx, to, what, about, more);
    };
    loop.run_until(
        db->in(pg::as_service("a test queues"), put, user, std::move(kind), std::move(entity), std::move(extra)));
  }
  int drain() { return loop.run_until(dispatcher->drain()); }
  // As if the waits of retries were over.
  void pass_time() { owner.script("update tenon.outbox_ready set run_at = now() - interval '1 second'"); }

  std::string scalar(const std::string& sql, const std::vector<std::string>& params = {}) {
    const auto result = owner.query(sql, params);
    return result.rows.empty() ? "(none)" : result.rows[0][0].value_or("(null)");
  }
  std::string log(const std::string& column, const std::string& entity) {
    return scalar("select " + column + "::text from public.email_log where entity = $1", {entity});
  }
  std::vector<sim::Email> mails() { return sim.inbox().newest("", 1000); }

 private:
  const http::Router& mount() {
    router_.group("/", {.errors = html::error_response});
    sim::mount(router_, sim);
    return router_;
  }

 public:
  core::Loop loop;
  sim::Sim sim{sim::Config{}};

 private:
  http::Router router_;
  Everybody access_;
  http::Server server_;
  int port_;

 public:
  pg::Session owner{env("TENON_TEST_SUPER_URL")};
  std::unique_ptr<pg::Db> db;
  std::unique_ptr<pg::Listener> listener;
  std::unique_ptr<http::Client> client;
  std::unique_ptr<outbox::OutboxDispatcher> dispatcher;
  std::unique_ptr<mail::Mail> mail;
};

}  // namespace post
