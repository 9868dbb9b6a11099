#include "access/client_info.h"

#include "core/crypto.h"
#include "core/text.h"

namespace access_control {
namespace {

// Anybody can send any User-Agent, and the column has no limit.
std::string bounded(std::string_view agent) {
  const std::string_view cut = agent.substr(0, 400);
  return core::valid_utf8(cut) ? std::string(cut) : std::string();
}

}  // namespace

identity::ClientInfo client_info_of(const http::Request& rq) {
  std::string device = rq.cookie(kDeviceCookie).value_or("");
  if (device.size() != 32 || !core::unbase64url(device)) device.clear();
  return {rq.client_ip, bounded(rq.header("user-agent")), std::move(device)};
}

}  // namespace access_control
