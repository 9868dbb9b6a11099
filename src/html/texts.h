// The sentences of all modules, by locale and key. Private to html/.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace html {

using Sentences = std::map<std::string, std::string, std::less<>>;

class Texts {
 public:
  // From the binary, or from config().source_dir.
  static Texts load();
  // The sentence in that locale, else in English, else nothing.
  const std::string* find(std::string_view locale, std::string_view key) const;
  bool has_locale(std::string_view locale) const { return locales_.contains(locale); }
  std::vector<std::string> locales() const;
  void add(std::string_view locale, std::string_view file, std::string_view json);  // throws std::logic_error

 private:
  std::map<std::string, Sentences, std::less<>> locales_;
};

// Loaded once; in development again when a file has changed.
std::shared_ptr<const Texts> texts();
void forget_texts();

// Logs a warning once for each key and returns the key.
std::string missing_text(std::string_view key);

}  // namespace html
