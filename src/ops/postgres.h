// A private Postgres in DIR/postgres: the installed server's binaries, a cluster of its own, durable settings, a free
// loopback port and a Unix socket. It never runs as root: root's cluster is in /var/lib/tenon/<hash of DIR>, owned by
// an unprivileged user, and DIR/postgres links to it. The kernel signals the server to stop when its parent dies.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "core/env.h"
#include "core/process.h"

namespace ops {

struct Passwords {
  core::Secret super;
  core::Secret owner;
  core::Secret runtime;
};

class Postgres {
 public:
  // with_parent: the server ends with this process, however that ends. detached: it runs until it is stopped.
  enum class Life { with_parent, detached };
  // `dir` is the data folder of `tenon dev`; it must exist.
  Postgres(std::string dir, Passwords passwords, Life life = Life::with_parent);
  ~Postgres();  // stops the server, unless it is detached
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  // Creates the cluster on first use, starts the server and waits until it answers (30 s at most). Throws
  // std::runtime_error with a message that says what to do.
  void start();
  // Fast shutdown: open transactions are rolled back, committed ones are on disk.
  void stop();
  // Stops a server that uses this folder, whichever process started it, and waits for its end (20 s at most).
  void end_previous_server() const;
  // Starts a server that ended by itself again, on the same port.
  void restart();
  // Sets the password of `authenticator`, which db/platform has created.
  void set_runtime_password() const;
  // False once the server has ended by itself.
  bool running();
  pid_t pid() const { return server_ ? server_->pid() : 0; }
  int port() const { return port_; }

  // By Unix socket; the password stands in the URL, so these are Secrets.
  core::Secret super_url() const;
  core::Secret owner_url() const;
  core::Secret runtime_url() const;
  // Over loopback TCP, for people and their tools.
  core::Secret owner_tcp_url() const;

 private:
  void create_cluster();
  void launch();
  core::Secret url(const std::string& role, const core::Secret& password, const std::string& database) const;
  std::string dir_;
  std::string cluster_;  // the data directory
  std::string socket_;   // folder of the Unix socket
  std::string binaries_;
  Passwords passwords_;
  Life life_;
  std::optional<core::ProcessSpec::Identity> run_as_;  // when this process is root's
  int port_ = 0;
  std::optional<core::Process> server_;
};

// Deletes the cluster that a data folder's `postgres` link points to (root's cluster is outside DIR). The server must
// be stopped.
void remove_cluster(const std::string& dir);

}  // namespace ops
