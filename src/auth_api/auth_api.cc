#include "auth_api/auth_api.h"

namespace auth_api {

Config Config::from(core::Env& env) {
  Config config;
  config.manual_linking = env.flag("AUTH_MANUAL_LINKING", false);
  return config;
}

}  // namespace auth_api
