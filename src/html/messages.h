// Sentences for people, made from codes and parameters at the edge, in the reader's language.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/problem.h"

namespace html {

// The sentence of `key` with its {names} filled from `params`. Numbers are written as the locale writes them; one
// called "n" chooses between `key`.one and `key`.other. An unknown key is logged once and comes back as it is.
std::string message(std::string_view locale, std::string_view key, const core::Params& params);

// The seconds of a Problem's Retry-After, if it has one.
std::optional<std::int64_t> retry_after(const core::Problem& problem);

// The sentence of a Problem; that of its status where its module has none. {wait} is the time that its
// Retry-After asks for, a minute without one.
std::string message(std::string_view locale, const core::Problem& problem);

// Replaces each {name} by value_of(name); it stays when that is nothing.
std::string fill(std::string_view sentence,
                 const std::function<std::optional<std::string>(std::string_view)>& value_of);

}  // namespace html
