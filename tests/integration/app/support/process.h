// `tenon web` as a process of its own: started, asked over raw sockets, killed, started again.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "security/http/support/live_server.h"

namespace process {

using Clock = std::chrono::steady_clock;

inline constexpr const char* kSecret = "a secret of forty characters for the tests";

// One request on a connection of its own. Status 0: the connection ended without an answer.
live::Answer call(int port, std::string_view method, std::string_view path, std::string_view headers = "",
                  std::string_view body = "");
std::string request(std::string_view method, std::string_view path, std::string_view headers, std::string_view body);
std::string json_headers(const std::string& token);

class Web {
 public:
  // `settings` beat the defaults: TENON_TEST_URL, a data folder that goes with the object, a free port.
  explicit Web(std::map<std::string, std::string> settings = {});
  ~Web();
  Web(const Web&) = delete;
  Web& operator=(const Web&) = delete;

  int port() const { return port_; }
  pid_t pid() const { return pid_; }
  const std::string& dir() const { return dir_; }
  // Starts it and waits until it answers; how long that took.
  std::chrono::milliseconds start();
  void signal(int number) const;
  // Waits for its end; the exit status, 128 + n when a signal ended it, -1 when it does not end in time.
  int wait(std::chrono::milliseconds at_most);
  // A confirmed user made by the admin API, and the token of a sign-in.
  std::string sign_in(const std::string& email);
  live::Answer call(std::string_view method, std::string_view path, std::string_view headers = "",
                    std::string_view body = "") const {
    return process::call(port_, method, path, headers, body);
  }

 private:
  std::map<std::string, std::string> settings_;
  std::string dir_;
  int port_ = 0;
  pid_t pid_ = 0;
};

std::string service_headers();  // apikey and bearer of the service role

}  // namespace process
