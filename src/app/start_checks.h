// The requirements on configuration and database before a process serves from them.
#pragma once

#include <string>
#include <vector>

#include "app/settings.h"

namespace app {

struct StartChecks {
  std::vector<std::string> faults;    // production refuses to start
  std::vector<std::string> warnings;  // printed by `tenon check`, logged at start
};

// Examines the login of DATABASE_URL, the data and the history of the schema. Throws pg::Unavailable when the database
// cannot be reached.
StartChecks check_database(const Settings& settings);

// The configuration for a process that serves. In production the database is examined as well, and Faults names what is
// wrong with either in one message. Throws pg::Unavailable when nothing else stands against a start.
Settings settings_for_start(core::Env& env);

}  // namespace app
