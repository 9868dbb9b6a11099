// What must be true of the database before a process serves from it, beyond answering.
#pragma once

#include <string>
#include <vector>

#include "app/settings.h"

namespace app {

struct StartChecks {
  std::vector<std::string> faults;    // production refuses to start
  std::vector<std::string> warnings;  // told by `tenon check` and in the log
};
// Throws pg::Unavailable when the database cannot be reached.
StartChecks check_database(const Settings& settings);

// In production: throws Faults with every fault, and logs the warnings. Elsewhere nothing is asked.
void refuse_unfit_database(const Settings& settings);

}  // namespace app
