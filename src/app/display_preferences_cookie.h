// The guard, and behind it the look of a person who has just come in: by whatever way he signed in, the first page
// already speaks his language and keeps his theme.
#pragma once

#include "http/router.h"
#include "pg/pg.h"

namespace app {

class DisplayPreferencesCookie final : public http::AccessControl {
 public:
  DisplayPreferencesCookie(http::AccessControl& guard, pg::Db& db) : guard_(guard), db_(db) {}
  core::Task<std::optional<http::Response>> admit(http::Request& rq, http::Access access) override;

 private:
  http::AccessControl& guard_;
  pg::Db& db_;
};

}  // namespace app
