// Users, passwords, sessions, tokens and second factors: authentication without HTTP or pages. Owns schema auth and
// public.profiles. Start reading at accounts.h, which lists everything a user can do.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/ids.h"
#include "core/loop.h"
#include "core/task.h"
#include "identity/config.h"
#include "pg/pg.h"

namespace identity {

using core::Task;
class Keyring;

// The module: one for each event loop, like the Db it uses. Every use case takes it as its first argument.
struct Identity {
  Identity(core::Loop& loop, core::BlockingPool& hashing, pg::Db& db, core::Clock& clock, Config config);
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  core::Loop& loop;
  core::BlockingPool& hashing;
  pg::Db& db;
  core::Clock& clock;
  const Config config;
  Keyring& keyring() { return *keyring_; }  // the keys that tokens and API keys are verified with
  const Keyring& keyring() const { return *keyring_; }

 private:
  std::unique_ptr<Keyring> keyring_;
};

// For seeds, tools and tests: the user with that address, created confirmed if there is none. Sends no email and grants
// no welcome credits. Throws Problem when the address or password is not acceptable.
Task<core::UserId> create_user(Identity& identity, std::string email, std::string password);
Task<std::optional<core::UserId>> find_user(Identity& identity, std::string email);

}  // namespace identity
