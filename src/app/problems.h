// Errors as clients see them.
#pragma once

#include <exception>
#include <optional>

#include "core/problem.h"
#include "http/router.h"

namespace app {

// An outage of the database as 503 with Retry-After; nothing for every other exception.
std::optional<core::Problem> database_problem(const std::exception_ptr& error);

// The groups that no single module owns: pages, /api, and Supabase's APIs as far as Tenon does not have them. Before
// any module mounts its routes.
void declare_groups(http::Router& router);

}  // namespace app
