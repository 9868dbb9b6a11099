// The middleware that decides who may call: it identifies the caller by cookie, bearer token or API key, checks CSRF on
// unsafe methods, and refuses with a plain response. The levels are listed in http/router.h.
#pragma once

#include <functional>
#include <optional>

#include "access/config.h"
#include "access/credentials.h"
#include "core/clock.h"
#include "core/loop.h"
#include "http/router.h"

namespace access_control {

// Extra per-user data for pages, loaded in parallel with the session check so that it costs no trip of its own. It may
// fill the request. A failure is logged and refuses nobody; work that outlasts the session check by a quarter of a
// second is cancelled.
using SessionExtras = std::function<Task<>(http::Request&, core::UserId)>;

class Guard final : public http::AccessControl {
 public:
  Guard(core::Loop& loop, const core::Clock& clock, Credentials& credentials, Config config, SessionExtras extras = {})
      : loop_(loop), clock_(clock), credentials_(credentials), config_(std::move(config)), extras_(std::move(extras)) {}
  Task<std::optional<http::Response>> admit(http::Request& rq, http::Access access) override;
  const Config& config() const { return config_; }

 private:
  using Refusal = std::optional<http::Response>;

  Task<Refusal> admit_person(http::Request& rq, http::Access access);
  Refusal admit_api(http::Request& rq);
  Refusal admit_internal(const http::Request& rq) const;
  Task<> identify_by_cookie(http::Request& rq);
  Task<Refusal> identify_by_bearer(http::Request& rq);
  std::optional<jwt::Fault> check_bearer(http::Request& rq, http::Caller::Kind without_bearer);
  Refusal refuse_forgery(http::Request& rq, http::Access access, const std::optional<std::string>& visitor) const;
  Task<SessionCheck> check_session_with_extras(http::Request& rq, const jwt::Claims& claims);

  core::Loop& loop_;
  const core::Clock& clock_;
  Credentials& credentials_;
  const Config config_;
  const SessionExtras extras_;
};

}  // namespace access_control
