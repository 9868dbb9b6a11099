// Access control, and after it the display preferences of a user who has just signed in: whichever way they signed in,
// the first page is in their language and theme.
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
