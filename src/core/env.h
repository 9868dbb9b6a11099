// Configuration: each module reads its own variables once at start through Env, in its Config::from(Env&). Faults are
// collected and reported together. Values come from the environment; in development also from .env.local and .env,
// which never override it. Every name is also accepted with its NEXT_PUBLIC_ prefix.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace core {

// A value that cannot be printed. reveal() is the one way out and easy to grep.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  explicit operator bool() const { return !value_.empty(); }

 private:
  std::string value_;
};

enum class Mode { development, production };

class Env {
 public:
  // Reads the process's environment and, in development, .env.local and .env of the working directory.
  static Env from_process();
  // For tests: exactly these values.
  explicit Env(std::map<std::string, std::string> values);

  Mode mode() const;
  bool production() const { return mode() == Mode::production; }

  // `fallback` stands in when the variable is absent or empty. Faults are remembered, and the fallback returned.
  std::string text(std::string_view name, std::string_view fallback = "");
  std::optional<std::string> maybe(std::string_view name);
  Secret secret(std::string_view name);  // empty when absent
  // A fault in production when absent, shorter than `min_length`, or one of the published sample values.
  Secret required_secret(std::string_view name, std::size_t min_length = 16);
  std::int64_t integer(std::string_view name, std::int64_t fallback, std::int64_t lowest, std::int64_t highest);
  bool flag(std::string_view name, bool fallback);                         // true/false, on/off, 1/0, yes/no
  std::string url(std::string_view name, std::string_view fallback = "");  // http(s) origin, no trailing slash

  void fault(std::string sentence);
  const std::vector<std::string>& faults() const { return faults_; }
  // Every name asked for so far with its fallback; `.env.example` is held against it.
  const std::map<std::string, std::string>& asked() const { return asked_; }

 private:
  std::optional<std::string> find(std::string_view name, std::string_view fallback);
  std::map<std::string, std::string> values_;
  std::map<std::string, std::string> asked_;
  std::vector<std::string> faults_;
};

}  // namespace core
