#include "pg/pg_connection.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/asio_bridge.h"
#include "support/stage.h"

using namespace stage;
using namespace std::chrono_literals;

// libpq closes its socket as soon as it sees the end of the connection; the number is then free for anybody.
TEST_CASE("a broken connection lets go of nobody else's descriptor") {
  core::Loop loop;
  core::BlockingPool helper(1, 8);
  boost::asio::steady_timer deadline(loop.io(), 10s);
  deadline.async_wait([&](boost::system::error_code ec) {
    if (!ec) loop.stop();
  });
  boost::asio::posix::stream_descriptor client(loop.io());
  int pair[2] = {-1, -1};
  int number = -1;
  bool readable = false;
  const auto connection = std::make_shared<pg::detail::PgConnection>(loop, helper);
  connection->connect(core::Secret(url()), 5s, [&](pg::detail::Connect outcome, const std::string& why) {
    REQUIRE_MESSAGE(outcome == pg::detail::Connect::up, why);
    number = PQsocket(connection->conn());
    connection->watch([&](bool alive) {
      if (alive) return;
      REQUIRE(::fcntl(number, F_GETFD) == -1);
      REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
      if (pair[0] != number) REQUIRE(::dup2(pair[0], number) == number);
      client.assign(number);
      client.async_wait(boost::asio::posix::stream_descriptor::wait_read, [&](boost::system::error_code ec) {
        readable = !ec;
        loop.stop();
      });
      connection->close();
      REQUIRE(::write(pair[1], "x", 1) == 1);
    });
    owner_run(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tenon' "
        "and pid <> pg_backend_pid()");
  });
  loop.run();
  CHECK(readable);
  client.close();
  if (pair[0] != number) ::close(pair[0]);
  ::close(pair[1]);
}
