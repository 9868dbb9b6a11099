// Requests to other servers, over libcurl on the loop. Limited in time and in the size of the response; TLS is
// verified, redirects are not followed.
#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include "core/loop.h"
#include "core/task.h"
#include "http/request.h"

namespace http {

struct ClientRequest {
  Method method = Method::get;
  std::string url;
  Headers headers;  // User-Agent is set when absent
  std::string body;
  std::chrono::milliseconds timeout{10000};
  std::size_t max_answer = 4 << 20;
};
struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};
class ClientError : public std::runtime_error {  // no response: DNS, connect, TLS, timeout, too large
 public:
  using std::runtime_error::runtime_error;
};

class Client {
 public:
  explicit Client(core::Loop& loop);
  ~Client();
  core::Task<ClientResponse> send(ClientRequest request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace http
