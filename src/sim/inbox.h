// The mails that the simulated Resend took, shared by all loops of the process. Kept as JSON lines in a folder, so a
// restart finds them again.
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

struct Captured {
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
using Mail = std::shared_ptr<const Captured>;

class Inbox {
 public:
  explicit Inbox(std::string dir);  // empty: memory only

  struct Before {  // what an idempotency key stands for
    std::string hash;
    std::vector<std::string> ids;
  };
  std::optional<Before> before(std::string_view key) const;  // within 24 h
  // Takes the mails of one request and returns their ids, in order. Mails beyond 2000 push the oldest out.
  std::vector<std::string> take(const std::vector<core::Json>& payloads, std::string key, std::string hash);
  std::vector<Mail> newest(std::string_view to, std::size_t most) const;  // `to` empty: all
  Mail find(std::string_view id) const;
  void clear();

  // The next `times` requests are answered with `status`; `captured`: only after the mail was taken, as when the
  // answer is lost on its way.
  struct Fault {
    int status = 500;
    std::string name;
    int times = 1;
    int retry_after = 0;
    bool captured = false;
  };
  void fail_next(Fault fault);
  std::optional<Fault> next_fault();  // counts one down

 private:
  Mail parse(const core::Json& line) const;
  void load();
  void append(const Captured& mail);
  void remember(const Captured& mail);

  mutable std::mutex guard_;
  std::filesystem::path file_;
  std::deque<Mail> mails_;  // oldest first
  std::map<std::string, Before, std::less<>> keys_;
  Fault fault_{.times = 0};
  core::SystemClock clock_;
};

}  // namespace sim
