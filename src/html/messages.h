// Sentences for people, made from codes and parameters at the edge, in the reader's language.
#pragma once

#include <string>
#include <string_view>

#include "core/problem.h"

namespace html {

// The sentence of `key` with its {names} filled from `params`. Numbers are written as the locale writes them; one
// called "n" chooses between `key`.one and `key`.other. An unknown key is logged once and comes back as it is.
std::string message(std::string_view locale, std::string_view key, const core::Params& params);

// The sentence of a Problem; that of its status where its module has none. {wait} is the time that its
// Retry-After asks for, a minute without one.
std::string message(std::string_view locale, const core::Problem& problem);

}  // namespace html
