#include "pg/listener.h"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/log.h"
#include "pg/pg_connection.h"
#include "pg/reconnect_delay.h"

namespace pg {

namespace {

using std::chrono::milliseconds;

struct Subscription {
  std::string channel;
  std::function<void(std::string_view)> fn;
};

std::string quote_identifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

}  // namespace

struct Listener::Impl : std::enable_shared_from_this<Impl> {
  Impl(core::Loop& on, core::Secret where) : loop(on), url(std::move(where)), retry(on.io()) {}

  core::Loop& loop;
  core::Secret url;
  core::BlockingPool helper{1, 16};
  boost::asio::steady_timer retry;
  std::shared_ptr<detail::PgConnection> connection;
  std::vector<std::weak_ptr<Subscription>> subscriptions;
  std::set<std::string> listening;     // confirmed by the server
  std::vector<std::string> requested;  // sent, not confirmed yet
  bool up = false;
  bool syncing = false;
  bool failed = false;
  bool closed = false;
  int failures = 0;

  void connect() {
    if (closed) return;
    connection = std::make_shared<detail::PgConnection>(loop, helper);
    connection->connect(url, milliseconds{3000},
                        [weak = weak_from_this()](detail::Connect outcome, const std::string& why) {
                          const auto self = weak.lock();
                          if (!self || self->closed) return;
                          if (outcome == detail::Connect::up) return self->connected();
                          if (self->failures++ == 0) core::log::warn("pg.listener.failed", {{"why", why}});
                          self->connect_later();
                        });
  }

  void connect_later() {
    retry.expires_after(reconnect_delay(std::max(failures, 1)));
    retry.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
      const auto self = weak.lock();
      if (self && !ec) self->connect();
    });
  }

  void connected() {
    failures = 0;
    up = true;
    connection->watch([weak = weak_from_this()](bool alive) {
      if (const auto self = weak.lock()) self->readable(alive);
    });
    sync();
  }

  std::vector<std::shared_ptr<Subscription>> alive() {
    std::vector<std::shared_ptr<Subscription>> out;
    std::erase_if(subscriptions, [&](const std::weak_ptr<Subscription>& weak) {
      auto one = weak.lock();
      if (one) out.push_back(std::move(one));
      return weak.expired();
    });
    return out;
  }

  // Sends LISTEN and UNLISTEN for the difference between the subscriptions and what the server has confirmed.
  void sync() {
    if (!up || syncing || closed) return;
    std::set<std::string> wanted;
    for (const auto& one : alive()) wanted.insert(one->channel);
    std::string text;
    requested.clear();
    for (const std::string& channel : wanted)
      if (!listening.contains(channel)) {
        text += "listen " + quote_identifier(channel) + ";";
        requested.push_back(channel);
      }
    std::erase_if(listening, [&](const std::string& channel) {
      if (wanted.contains(channel)) return false;
      text += "unlisten " + quote_identifier(channel) + ";";
      return true;
    });
    if (text.empty()) return;
    syncing = true;
    failed = false;
    if (PQsendQuery(connection->conn(), text.c_str()) != 1) return lost(detail::reason(connection->conn()));
    connection->flush();
  }

  void readable(bool is_alive) {
    PGconn* const conn = connection->conn();
    while (syncing && PQisBusy(conn) == 0) {
      PGresult* const result = PQgetResult(conn);
      if (result == nullptr) {
        synced();
        if (!up) return;
        break;
      }
      if (PQresultStatus(result) == PGRES_FATAL_ERROR) failed = true;
      PQclear(result);
    }
    PQisBusy(conn);  // lets libpq parse its input when no result is awaited
    while (PGnotify* const notice = PQnotifies(conn)) {
      call(notice->relname, notice->extra);
      PQfreemem(notice);
      if (!up) return;
    }
    if (!is_alive || PQstatus(conn) == CONNECTION_BAD) lost(detail::reason(conn));
  }

  void synced() {
    syncing = false;
    if (failed) return lost("the server rejected LISTEN");
    const std::vector<std::string> fresh = std::exchange(requested, {});
    listening.insert(fresh.begin(), fresh.end());
    // Notifications sent before this moment were missed.
    for (const std::string& channel : fresh) call(channel, "");
    sync();
  }

  void call(const std::string& channel, std::string_view payload) {
    for (const auto& one : alive()) {
      if (one->channel != channel) continue;
      try {
        one->fn(payload);
      } catch (const std::exception& e) {
        core::log::error("pg.listener.subscriber_threw", {{"channel", channel}, {"what", e.what()}});
      }
    }
  }

  void lost(const std::string& why) {
    if (!std::exchange(up, false)) return;
    core::log::warn("pg.listener.lost", {{"why", why}});
    syncing = false;
    listening.clear();
    connection->close();
    connect_later();
  }

  void close() {
    closed = true;
    up = false;
    retry.cancel();
    if (connection) connection->close();
  }
};

Listener::Listener(core::Loop& loop, const Config& config)
    : impl_(std::make_shared<Impl>(loop, config.direct_url ? config.direct_url : config.url)) {
  loop.post([weak = std::weak_ptr(impl_)] {
    if (const auto impl = weak.lock()) impl->connect();
  });
}

Listener::~Listener() { impl_->close(); }

std::shared_ptr<void> Listener::subscribe(std::string channel, std::function<void(std::string_view)> fn) {
  // Destroying the last handle triggers UNLISTEN.
  const std::weak_ptr<Impl> weak = impl_;
  std::shared_ptr<Subscription> one(new Subscription{std::move(channel), std::move(fn)}, [weak](Subscription* gone) {
    delete gone;
    if (const auto impl = weak.lock()) impl->loop.post([impl] { impl->sync(); });
  });
  impl_->subscriptions.push_back(one);
  impl_->sync();
  return one;
}

core::Task<> Listener::close() {
  impl_->close();
  co_return;
}

}  // namespace pg
