#include "identity/identity.h"

#include <sodium.h>

#include <stdexcept>

#include "identity/keyring.h"

namespace identity {

Identity::Identity(core::Loop& l, core::BlockingPool& pool, pg::Db& database, core::Clock& time, Config settings)
    : loop(l), hashing(pool), db(database), clock(time), config(std::move(settings)) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
  keyring_ = std::make_unique<Keyring>(this->config);
}

Identity::~Identity() = default;

}  // namespace identity
