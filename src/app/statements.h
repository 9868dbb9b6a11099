// Every pg::Sql block of the sources, collected by script/sql-statements when the product is built.
#pragma once

#include <span>

#include "pg/pg.h"

namespace app {

std::span<const pg::Sql> statements();

}  // namespace app
