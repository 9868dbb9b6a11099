#include "identity/passwords.h"

#include <crypt.h>
#include <sodium.h>
#include <sys/resource.h>

#include <memory>
#include <stdexcept>
#include <unordered_set>

#include "core/crypto.h"
#include "core/problem.h"
#include "core/resources.h"
#include "core/text.h"
#include "identity/breached_passwords.h"

namespace identity {
namespace {

constexpr unsigned long long kPasses = 2;
constexpr std::size_t kMemory = 19 * 1024 * 1024;
constexpr unsigned long kBcryptCost = 10;  // what Supabase writes

const std::unordered_set<std::string_view>& common() {
  static const auto list = [] {
    std::unordered_set<std::string_view> words;
    const core::Resource* file = core::find_resource("src/identity/data/common_passwords.txt");
    if (file == nullptr) throw std::logic_error("common_passwords.txt is not in the binary");
    for (const std::string_view line : core::split(file->bytes, '\n'))
      if (!line.empty()) words.insert(line);
    return words;
  }();
  return list;
}

std::string argon2id(const std::string& password) {
  char out[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(out, password.data(), password.size(), kPasses, kMemory, crypto_pwhash_ALG_ARGON2ID13) != 0)
    throw std::runtime_error("argon2id: out of memory");
  return out;
}

std::string crypt_with(const std::string& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();
  const char* out = crypt_r(password.c_str(), setting.c_str(), data.get());
  if (out == nullptr || *out == '*') return {};
  return out;
}

std::string bcrypt(const std::string& password) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  const std::string salt = core::random_bytes(16);
  if (crypt_gensalt_rn("$2a$", kBcryptCost, salt.data(), static_cast<int>(salt.size()), setting, sizeof setting) ==
      nullptr)
    throw std::runtime_error("bcrypt: no salt");
  std::string out = crypt_with(password, setting);
  if (out.empty()) throw std::runtime_error("bcrypt: refused");
  return out;
}

std::string hash_now(Config::Hash kind, const std::string& password) {
  return kind == Config::Hash::bcrypt ? bcrypt(password) : argon2id(password);
}

bool verify_now(const std::string& password, const std::string& stored) {
  if (stored.starts_with("$argon2"))
    return crypto_pwhash_str_verify(stored.c_str(), password.data(), password.size()) == 0;
  if (stored.starts_with("$2a$") || stored.starts_with("$2b$") || stored.starts_with("$2y$")) {
    const std::string made = crypt_with(password, stored);
    return !made.empty() && core::equal_constant_time(made, stored);
  }
  return false;
}

// Hashing occupies whole cores, so it runs at a lower priority than the event loops. On Linux the call affects this
// thread only.
void step_back() {
  static thread_local const int done = ::setpriority(PRIO_PROCESS, 0, 5);
  static_cast<void>(done);
}

}  // namespace

bool is_common(std::string_view password) { return common().contains(core::lower(password)); }
std::size_t common_count() { return common().size(); }

void require_acceptable_password(std::string_view password) {
  if (password.size() < kShortestPassword) throw WeakPassword("identity.weak_password.length", {"length"});
  if (password.size() > kLongestPassword) throw core::Problem(400, "identity.validation_failed.password_length");
  if (password.find('\0') != std::string_view::npos || !core::valid_utf8(password))
    throw core::Problem(400, "identity.validation_failed.password_characters");
  if (is_common(password)) throw WeakPassword("identity.weak_password.pwned", {"pwned"});
}

Task<> require_strong_password(Identity& identity, const std::string& password) {
  require_acceptable_password(password);
  const std::string& file = identity.config.breached_passwords;
  if (file.empty()) co_return;
  const auto work = [&file, &password] { return is_breached(file, password); };
  const bool leaked = co_await core::offload(identity.hashing, work);
  if (leaked) throw WeakPassword("identity.weak_password.pwned", {"pwned"});
}

bool needs_rehash(const Config& config, const std::string& stored) {
  if (config.hash == Config::Hash::bcrypt) return !stored.starts_with("$2");
  return !stored.starts_with("$argon2id$") || crypto_pwhash_str_needs_rehash(stored.c_str(), kPasses, kMemory) != 0;
}

Task<std::string> hash_password(Identity& identity, std::string password) {
  const Config::Hash kind = identity.config.hash;
  const auto work = [kind, &password] {
    step_back();
    return hash_now(kind, password);
  };
  co_return co_await core::offload(identity.hashing, work);
}

Task<bool> password_matches(Identity& identity, std::string password, std::string stored) {
  // An impossible password still costs a hash, and bcrypt never sees one that it would truncate.
  const bool possible = password.size() <= kLongestPassword && password.find('\0') == std::string::npos;
  const Config::Hash kind = identity.config.hash;
  const auto work = [kind, possible, &password, &stored] {
    step_back();
    if (possible && !stored.empty()) return verify_now(password, stored);
    hash_now(kind, "a password that nobody has");
    return false;
  };
  co_return co_await core::offload(identity.hashing, work);
}

}  // namespace identity
