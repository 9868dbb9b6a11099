// The emails that the simulated Resend has accepted. One for the process, shared by its loops. Kept as JSON lines in a
// folder, so they survive a restart.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/json.h"

namespace sim {

struct CapturedEmail {
  std::string id;
  std::string from;
  std::vector<std::string> to;
  std::string subject;
  std::string text;
  std::string html;
  std::string created_at;  // RFC 3339
  std::string key;         // Idempotency-Key, or empty
  std::string hash;        // of the payload
  core::Json payload;      // as sent
};
using Email = std::shared_ptr<const CapturedEmail>;

class Inbox {
 public:
  explicit Inbox(std::string dir);  // empty: memory only

  struct EarlierRequest {  // of an idempotency key
    std::string hash;
    std::vector<std::string> ids;
  };
  std::optional<EarlierRequest> earlier_request(std::string_view key) const;  // within 24 h
  // Stores the emails of one request and returns their ids, in order. Beyond 2000 emails the oldest are dropped.
  std::vector<std::string> capture(const std::vector<core::Json>& payloads, std::string key, std::string hash);
  std::vector<Email> newest(std::string_view to, std::size_t limit) const;  // `to` empty: all
  Email find(std::string_view id) const;
  void clear();

  // The next `times` requests are answered with `status`. With `captured` the email is stored all the same, as when the
  // response is lost on its way.
  struct Fault {
    int status = 500;
    std::string name;
    int times = 1;
    int retry_after = 0;
    bool captured = false;
  };
  void fail_next(Fault fault);
  std::optional<Fault> next_fault();  // uses one up

 private:
  Email parse(const core::Json& line) const;
  void load();
  void append(const CapturedEmail& email);
  void remember_key(const CapturedEmail& email);

  mutable std::mutex mutex_;
  std::filesystem::path file_;
  std::deque<Email> emails_;  // oldest first
  std::map<std::string, EarlierRequest, std::less<>> keys_;
  Fault fault_{.times = 0};
  core::SystemClock clock_;
};

}  // namespace sim
