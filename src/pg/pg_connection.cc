#include "pg/pg_connection.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/text.h"

namespace pg::detail {

namespace {

struct Finish {
  void operator()(PGconn* conn) const { PQfinish(conn); }
};

void ignore_notice(void*, const char*) {}

}  // namespace

bool is_readable_url(const core::Secret& url) {
  char* error = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.reveal().c_str(), &error);
  PQfreemem(error);  // it quotes the URL, including the password
  PQconninfoFree(options);
  return options != nullptr;
}

PGconn* start_connection(const core::Secret& url) {
  // The URL may override the parameters before dbname. The keepalives detect dead peers within seconds, not hours.
  static constexpr std::array kNames{"application_name",
                                     "gssencmode",
                                     "keepalives_idle",
                                     "keepalives_interval",
                                     "keepalives_count",
                                     "tcp_user_timeout",
                                     "dbname",
                                     "client_encoding",
                                     static_cast<const char*>(nullptr)};
  const std::array values{
      "tenon", "disable", "5", "2", "3", "10000", url.reveal().c_str(), "UTF8", static_cast<const char*>(nullptr)};
  PGconn* conn = PQconnectStartParams(kNames.data(), values.data(), 1);
  if (conn != nullptr) PQsetNoticeProcessor(conn, ignore_notice, nullptr);
  return conn;
}

std::string reason(const PGconn* conn) {
  std::string text(core::trim(PQerrorMessage(conn)));
  for (char& c : text)
    if (c == '\n' || c == '\t') c = ' ';
  return text;
}

PgConnection::PgConnection(core::Loop& loop, core::BlockingPool& helper)
    : loop_(loop), helper_(helper), socket_(loop.io()), timer_(loop.io()) {}

PgConnection::~PgConnection() { close(); }

void PgConnection::close() {
  if (std::exchange(closed_, true)) return;
  up_ = false;
  timer_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
  conn_.reset();
  done_ = nullptr;
  readable_ = nullptr;
}

void PgConnection::connect(const core::Secret& url, std::chrono::milliseconds at_most, Done done) {
  done_ = std::move(done);
  const std::weak_ptr<PgConnection> weak = weak_from_this();
  timer_.expires_after(at_most);
  timer_.async_wait([weak](boost::system::error_code ec) {
    const auto self = weak.lock();
    if (!ec && self && !self->closed_ && !self->up_) self->finish(Connect::timed_out, "no answer in time");
  });
  if (!is_readable_url(url)) {
    loop_.post([weak] {
      if (const auto self = weak.lock()) self->finish(Connect::refused, "the database URL cannot be read");
    });
    return;
  }
  const bool taken = helper_.submit([weak, url, &loop = loop_] {
    std::shared_ptr<PGconn> conn(start_connection(url), Finish{});
    loop.post([weak, conn = std::move(conn)]() mutable {
      if (const auto self = weak.lock()) self->started(std::move(conn));
    });
  });
  if (!taken) {
    loop_.post([weak] {
      if (const auto self = weak.lock()) self->finish(Connect::refused, "too many connections are being opened");
    });
  }
}

void PgConnection::started(std::shared_ptr<PGconn> conn) {
  if (closed_ || !done_) return;
  conn_ = std::move(conn);
  if (!conn_) return finish(Connect::refused, "out of memory");
  if (PQstatus(conn_.get()) == CONNECTION_BAD) return finish(Connect::refused, reason(conn_.get()));
  step(PGRES_POLLING_WRITING);
}

// The loop watches a duplicate: libpq closes its own descriptor as soon as the connection breaks, and an accepted
// client may have that number before the loop deregisters it.
boost::system::error_code PgConnection::register_socket() {
  const int own = ::fcntl(PQsocket(conn_.get()), F_DUPFD_CLOEXEC, 0);
  if (own < 0) return {errno, boost::system::system_category()};
  boost::system::error_code ec;
  socket_.assign(own, ec);
  if (ec) ::close(own);
  return ec;
}

void PgConnection::step(PostgresPollingStatusType status) {
  if (status == PGRES_POLLING_FAILED) return finish(Connect::refused, reason(conn_.get()));
  if (status == PGRES_POLLING_OK) {
    if (PQsetnonblocking(conn_.get(), 1) != 0) return finish(Connect::refused, reason(conn_.get()));
    up_ = true;
    if (const auto ec = register_socket()) return finish(Connect::refused, ec.message());
    return finish(Connect::up, "");
  }
  // libpq may change its socket between two steps, so each step registers the current one.
  if (const auto ec = register_socket()) return finish(Connect::refused, ec.message());
  using Socket = boost::asio::posix::stream_descriptor;
  const auto what = status == PGRES_POLLING_READING ? Socket::wait_read : Socket::wait_write;
  socket_.async_wait(what, [self = shared_from_this()](boost::system::error_code) {
    if (self->closed_ || !self->done_) return;
    boost::system::error_code ignored;
    self->socket_.close(ignored);
    self->step(PQconnectPoll(self->conn_.get()));
  });
}

void PgConnection::finish(Connect outcome, const std::string& why) {
  const Done done = std::exchange(done_, nullptr);
  if (!done) return;
  timer_.cancel();
  const auto self = shared_from_this();
  if (outcome != Connect::up) close();
  done(outcome, why);
}

void PgConnection::watch(std::function<void(bool)> readable) {
  readable_ = std::move(readable);
  wait_readable();
}

void PgConnection::wait_readable() {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](boost::system::error_code ec) {
                       if (self->closed_ || !self->readable_) return;
                       const bool alive = !ec && PQconsumeInput(self->conn_.get()) == 1;
                       if (alive && !self->writing_) self->flush();
                       const auto readable = self->readable_;  // it may close this connection
                       readable(alive);
                       if (alive && !self->closed_) self->wait_readable();
                     });
}

void PgConnection::flush() {
  if (closed_ || writing_ || PQflush(conn_.get()) != 1) return;
  writing_ = true;
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                     [self = shared_from_this()](boost::system::error_code ec) {
                       self->writing_ = false;
                       if (!ec) self->flush();
                     });
}

void PgConnection::cancel() {
  if (!up_) return;
  const std::shared_ptr<PGcancel> handle(PQgetCancel(conn_.get()), [](PGcancel* c) { PQfreeCancel(c); });
  if (!handle) return;
  // A full helper drops the request: the statement then ends by its timeout.
  [[maybe_unused]] const bool taken = helper_.submit([handle] {
    std::array<char, 256> error{};
    PQcancel(handle.get(), error.data(), error.size());
  });
}

}  // namespace pg::detail
