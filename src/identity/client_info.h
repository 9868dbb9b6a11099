// Where a request came from, as sessions and the audit log keep it.
#pragma once

#include <string>

namespace identity {

struct ClientInfo {
  std::string ip;
  std::string agent;   // User-Agent, bounded
  std::string device;  // the cookie that recognises a browser; empty: none
};

}  // namespace identity
