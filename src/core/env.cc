#include "core/env.h"

#include <array>
#include <fstream>

#include "core/text.h"

extern char** environ;

namespace core {

namespace {

// Placeholders that people copy from documentation. None is accepted as a secret.
constexpr std::array<std::string_view, 8> kSamples{"your-secret-here", "changeme",  "secret",      "password",
                                                   "example",          "whsec_...", "sk_test_...", "..."};

std::string unquote(std::string_view value) {
  value = trim(value);
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
    return std::string(value.substr(1, value.size() - 2));
  if (const std::size_t comment = value.find(" #"); comment != std::string_view::npos)
    value = trim(value.substr(0, comment));
  return std::string(value);
}

void read_file(const char* path, std::map<std::string, std::string>& values) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::string_view text = trim(line);
    if (text.starts_with("export ")) text.remove_prefix(7);
    const std::size_t equals = text.find('=');
    if (text.empty() || text.front() == '#' || equals == std::string_view::npos) continue;
    values.emplace(std::string(trim(text.substr(0, equals))), unquote(text.substr(equals + 1)));  // the first wins
  }
}

}  // namespace

Env Env::from_process() {
  std::map<std::string, std::string> values;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) values.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  const auto mode = values.find("TENON_ENV");
  if (mode == values.end() || mode->second != "production") {
    read_file(".env.local", values);
    read_file(".env", values);
  }
  return Env(std::move(values));
}

Env::Env(std::map<std::string, std::string> values) : values_(std::move(values)) {
  const std::string named = text("TENON_ENV", "development");
  if (named != "development" && named != "production")
    fault("TENON_ENV is \"" + named + "\"; it must be development or production.");
}

Mode Env::mode() const {
  const auto found = values_.find("TENON_ENV");
  return found != values_.end() && found->second == "production" ? Mode::production : Mode::development;
}

std::optional<std::string> Env::find(std::string_view name, std::string_view fallback) {
  asked_.emplace(std::string(name), std::string(fallback));
  for (const std::string& spelled : {std::string(name), "NEXT_PUBLIC_" + std::string(name)}) {
    const auto found = values_.find(spelled);
    if (found != values_.end() && !found->second.empty()) return found->second;
  }
  return std::nullopt;
}

std::string Env::text(std::string_view name, std::string_view fallback) {
  return find(name, fallback).value_or(std::string(fallback));
}

std::optional<std::string> Env::maybe(std::string_view name) { return find(name, ""); }

Secret Env::secret(std::string_view name) { return Secret(find(name, "").value_or("")); }

Secret Env::required_secret(std::string_view name, std::size_t min_length) {
  const std::string value = find(name, "").value_or("");
  if (!production()) return Secret(value);
  if (value.empty()) fault(std::string(name) + " is not set.");
  else if (value.size() < min_length)
    fault(std::string(name) + " is shorter than " + std::to_string(min_length) + " characters.");
  for (const std::string_view sample : kSamples)
    if (value == sample) fault(std::string(name) + " is a sample value; make one of your own: openssl rand -hex 32");
  return Secret(value);
}

std::int64_t Env::integer(std::string_view name, std::int64_t fallback, std::int64_t lowest, std::int64_t highest) {
  const auto value = find(name, std::to_string(fallback));
  if (!value) return fallback;
  const auto number = parse_int(*value);
  if (!number || *number < lowest || *number > highest) {
    fault(std::string(name) + " is \"" + *value + "\"; it must be a whole number from " + std::to_string(lowest) +
          " to " + std::to_string(highest) + ".");
    return fallback;
  }
  return *number;
}

bool Env::flag(std::string_view name, bool fallback) {
  const auto value = find(name, fallback ? "true" : "false");
  if (!value) return fallback;
  const std::string word = lower(*value);
  if (word == "true" || word == "on" || word == "1" || word == "yes") return true;
  if (word == "false" || word == "off" || word == "0" || word == "no") return false;
  fault(std::string(name) + " is \"" + *value + "\"; it must be true or false.");
  return fallback;
}

std::string Env::url(std::string_view name, std::string_view fallback) {
  std::string value = text(name, fallback);
  while (value.ends_with('/')) value.pop_back();
  const bool web = value.starts_with("http://") || value.starts_with("https://");
  const bool clean = value.find_first_of(" \t\r\n\"<>\\") == std::string::npos && value.find('@') == std::string::npos;
  if (!value.empty() && (!web || !clean)) {
    fault(std::string(name) + " is \"" + value + "\"; it must be an http or https URL.");
    return std::string(fallback);
  }
  return value;
}

void Env::fault(std::string sentence) { faults_.push_back(std::move(sentence)); }

}  // namespace core
