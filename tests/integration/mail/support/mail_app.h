// The app with email: an outbox dispatcher, the mail module, and the simulated Resend behind a real server on the same
// loop.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "html/html.h"
#include "http/server.h"
#include "jobs/emails.h"
#include "mail/mail.h"
#include "outbox/outbox.h"
#include "sim/inbox.h"
#include "sim/sim.h"
#include "support/app.h"

namespace support {

class AdmitAll final : public http::AccessControl {
  Task<std::optional<http::Response>> admit(http::Request&, http::Access) override { co_return std::nullopt; }
};

class MailApp : public App {
 public:
  explicit MailApp(std::string api_key = "re_test", std::string api_base = "")
      : server_(loop, {.bind = "127.0.0.1"}, mount(), access_), port_(server_.listen(0)) {
    client = std::make_unique<http::Client>(loop);
    dispatcher = std::make_unique<outbox::OutboxDispatcher>(loop, db(), listener(), "test");
    mail::Config mails;
    mails.api_key = core::Secret(std::move(api_key));
    mails.api_base = api_base.empty() ? "http://127.0.0.1:" + std::to_string(port_) + "/dev/resend" : api_base;
    mails.per_second = 100;
    mail = std::make_unique<mail::Mail>(loop, *client, db(), mails);
    mail::register_deliveries(*dispatcher, *mail, jobs::find_finished_job(db()));
    owner.script("delete from tenon.outbox_ready; delete from tenon.outbox_leases; delete from tenon.outbox");
  }
  ~MailApp() override {
    run(server_.drain(std::chrono::milliseconds(100)));
    close();
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
        db().in(pg::as_service("a test queues"), put, user, std::move(kind), std::move(entity), std::move(extra)));
  }
  int drain() { return loop.run_until(dispatcher->drain()); }
  // As if the waits of retries were over.
  void pass_time() { owner.script("update tenon.outbox_ready set run_at = now() - interval '1 second'"); }

  std::string log(const std::string& column, const std::string& entity) {
    return scalar("select " + column + "::text from public.email_log where entity = $1", {entity});
  }
  std::vector<sim::Email> mails() { return sim.inbox().newest("", 1000); }

 private:
  const http::Router& mount() {
    sim_router_.group("/", {.errors = html::error_response});
    sim::mount(sim_router_, sim);
    return sim_router_;
  }

 public:
  sim::Sim sim{sim::Config{}};

 private:
  http::Router sim_router_;
  AdmitAll access_;
  http::Server server_;
  int port_;

 public:
  std::unique_ptr<http::Client> client;
  std::unique_ptr<outbox::OutboxDispatcher> dispatcher;
  std::unique_ptr<mail::Mail> mail;
};

}  // namespace support
