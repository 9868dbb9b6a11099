#include "support/stage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace stage {

std::string url(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr)
    throw std::runtime_error(std::string(variable) + " is not set: run under tests/support/with-postgres");
  return value;
}

std::string url_by(int port) {
  std::string text = url();
  const auto at = text.find('@');
  const auto slash = text.find('/', at);
  return text.replace(at + 1, slash - at - 1, "127.0.0.1:" + std::to_string(port));
}

pg::Config config() {
  pg::Config config;
  config.url = core::Secret(url());
  config.direct_url = config.url;
  config.spare_pipelines = 0;
  return config;
}

void make_schema() {
  pg::Session owner{core::Secret(url("TENON_TEST_OWNER_URL"))};
  owner.script(R"sql(
    drop schema if exists pgtest cascade;
    create schema pgtest;
    grant usage on schema pgtest to anon, authenticated, service_role;
    create table pgtest.notes (id bigint generated always as identity primary key, user_id uuid not null, title text not null);
    alter table pgtest.notes enable row level security;
    create policy own on pgtest.notes using (user_id = (current_setting('request.jwt.claims', true)::jsonb ->> 'sub')::uuid);
    create table pgtest.log (line text not null unique deferrable initially deferred);
    grant all on pgtest.notes, pgtest.log to anon, authenticated, service_role;
    create function pgtest.write_slowly(seconds float8, line text) returns text language plpgsql as
      $$ begin insert into pgtest.log values (line); perform pg_sleep(seconds); return line; end $$;
    create function pgtest.fail(state text) returns int language plpgsql as
      $$ begin raise exception 'asked for' using errcode = state; end $$;
  )sql");
}

std::string owner_query(const std::string& sql) {
  pg::Session owner{core::Secret(url("TENON_TEST_SUPER_URL"))};
  return owner.query(sql).rows.at(0).at(0).value();
}

void owner_run(const std::string& sql) { pg::Session{core::Secret(url("TENON_TEST_SUPER_URL"))}.script(sql); }

std::int64_t owner_count(const std::string& sql) { return std::stoll(owner_query(sql)); }

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Proxy::Proxy() {
  listener_ = listen_on(0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

Proxy::~Proxy() {
  stop_ = true;
  thread_.join();
  if (listener_ >= 0) ::close(listener_);
}

int Proxy::listen_on(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 128) != 0)
    throw std::runtime_error("the proxy cannot listen");
  return fd;
}

void Proxy::cut() {
  ::close(listener_.exchange(-1));
  end_connections();
}

void Proxy::restore() { listener_ = listen_on(port_); }

void Proxy::end_connections() {
  end_ = true;
  while (end_) std::this_thread::yield();
}

void Proxy::serve() {
  struct Pair {
    int client, server, number;
  };
  std::vector<Pair> pairs;
  const auto end = [](Pair& pair) {
    ::close(std::exchange(pair.client, -1));
    ::close(std::exchange(pair.server, -1));
  };
  // Moves what is there. False when one side is gone.
  const auto move = [](int from, int to, bool is_swallowed) {
    char bytes[16384];
    const ssize_t n = ::recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0) return n < 0 && (errno == EAGAIN || errno == EINTR);
    if (is_swallowed) return true;
    return ::send(to, bytes, static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
  };
  const int server_port = std::atoi(url("TENON_TEST_PORT").c_str());
  while (!stop_) {
    if (end_) {
      for (Pair& pair : pairs) end(pair);
      pairs.clear();
      end_ = false;
    }
    std::vector<pollfd> waits{{listener_.load(), POLLIN, 0}};
    for (const Pair& pair : pairs) {
      waits.push_back({frozen_ ? -1 : pair.client, POLLIN, 0});
      waits.push_back({frozen_ ? -1 : pair.server, POLLIN, 0});
    }
    if (::poll(waits.data(), waits.size(), 5) <= 0) continue;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      bool alive = true;
      if (waits[1 + 2 * i].revents != 0) alive = move(pairs[i].client, pairs[i].server, false);
      if (alive && waits[2 + 2 * i].revents != 0)
        alive = move(pairs[i].server, pairs[i].client, pairs[i].number <= discard_up_to_);
      if (!alive) end(pairs[i]);
    }
    std::erase_if(pairs, [](const Pair& pair) { return pair.client < 0; });
    if ((waits[0].revents & POLLIN) == 0 || frozen_) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(server_port));
    Pair pair{client, server, ++accepted_};
    if (::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) end(pair);
    else pairs.push_back(pair);
  }
  for (Pair& pair : pairs) end(pair);
}

}  // namespace stage
