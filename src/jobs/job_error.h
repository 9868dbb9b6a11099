// Why a job failed: a code with parameters. The sentence is made where somebody reads it.
#pragma once

#include <string>
#include <string_view>

#include "core/json.h"
#include "core/problem.h"

namespace jobs {

struct JobError {
  std::string code;  // UPPER_CASE, as in jobs.error_code; empty: no error
  core::Params params{};
};

std::string params_json(const core::Params& params);  // an object of texts and whole numbers
core::Params params_from(const core::Json& object);

// In the language of `locale`: the text pipeline.error.<code> or jobs.error.<code>, in lower case. `written` is the
// sentence that the row holds; it stands in for a code without a text, or without its parameters, as a worker written
// elsewhere may store it.
std::string error_text(std::string_view locale, const JobError& error, std::string_view written = "");

}  // namespace jobs
