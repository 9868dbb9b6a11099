// Stands between one worker and the tests' Postgres, and keeps answers back: the case of a worker whose
// commit arrived without an answer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace support {

class Proxy {
 public:
  enum class Mode {
    hold,  // from the pattern on, nothing of that connection's answers arrives
    cut,   // the first answer after the pattern does not arrive, and the connection breaks: each `every`th time
  };
  // `pattern` is looked for in what the worker sends.
  Proxy(Mode mode, std::string pattern, int every = 1);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  std::string url(const std::string& of) const;  // the same database through here
  int seen() const { return seen_; }             // how often the pattern has passed
  bool wait_until_seen(std::chrono::seconds limit) const;

 private:
  void serve();

  Mode mode_;
  std::string pattern_;
  int every_;
  int listening_ = -1;
  int bell_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::atomic<int> seen_ = 0;
  std::thread thread_;
};

// A statement text as the extended protocol sends it when nothing is prepared (PG_PREPARED=off).
std::string sent_as(const std::string& statement);

}  // namespace support
