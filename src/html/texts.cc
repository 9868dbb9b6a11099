#include "html/texts.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <stdexcept>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "html/display_preferences.h"
#include "html/files.h"
#include "html/format.h"
#include "html/html.h"
#include "html/messages.h"

namespace html {
namespace {

constexpr std::string_view kFallback = "en";
constexpr std::size_t kMaxWarnings = 1000;  // distinct keys

std::mutex guard;
std::shared_ptr<const Texts> current;
std::uint64_t current_stamp = 0;

}  // namespace

void Texts::add(std::string_view locale, std::string_view file, std::string_view json) {
  const auto document = core::Json::parse(json);
  if (!document || !document->is_object()) throw std::logic_error(std::string{file} + ": not a JSON object");
  Sentences& sentences = locales_[std::string{locale}];
  for (const auto& [key, value] : document->members()) {
    const auto sentence = value.string();
    if (!sentence) throw std::logic_error(std::string{file} + ": \"" + key + "\" is not a text");
    sentences[key] = *sentence;
  }
}

Texts Texts::load() {
  Texts loaded;
  for (const TextFile& file : text_files()) loaded.add(file.locale, file.path, file.bytes);
  return loaded;
}

const std::string* Texts::find(std::string_view locale, std::string_view key) const {
  for (const std::string_view candidate : {locale, kFallback}) {
    const auto sentences = locales_.find(candidate);
    if (sentences == locales_.end()) continue;
    if (const auto found = sentences->second.find(key); found != sentences->second.end()) return &found->second;
  }
  return nullptr;
}

std::vector<std::string> Texts::locales() const {
  std::vector<std::string> names;
  for (const auto& [locale, sentences] : locales_) names.push_back(locale);
  return names;
}

std::shared_ptr<const Texts> texts() {
  const std::uint64_t stamp = text_stamp();
  const std::scoped_lock lock{guard};
  if (!current || stamp != current_stamp) {
    current = std::make_shared<const Texts>(Texts::load());
    current_stamp = stamp;
  }
  return current;
}

void forget_texts() {
  const std::scoped_lock lock{guard};
  current.reset();
}

std::string missing_text(std::string_view key) {
  static std::mutex warned_guard;
  static std::set<std::string, std::less<>> warned;
  const std::scoped_lock lock{warned_guard};
  if (warned.size() < kMaxWarnings && warned.emplace(key).second) core::log::warn("html.text.missed", {{"key", key}});
  return std::string{key};
}

std::string text(std::string_view locale, std::string_view key,
                 std::initializer_list<std::pair<std::string_view, std::string>> values) {
  const auto all = texts();
  const std::string* sentence = all->find(locale, key);
  if (sentence == nullptr) return missing_text(key);
  return fill(*sentence, [&](std::string_view name) -> std::optional<std::string> {
    for (const auto& [known, value] : values)
      if (known == name) return value;
    return std::nullopt;
  });
}

std::string nearest_locale(std::string_view tag) {
  const auto all = texts();
  std::string wanted = core::lower(tag);
  while (!wanted.empty() && !all->has_locale(wanted))
    wanted.resize(wanted.find('-') == std::string::npos ? 0 : wanted.rfind('-'));
  return wanted.empty() ? std::string{kFallback} : wanted;
}

std::string pluralize(std::string_view locale, std::string_view key, std::int64_t n) {
  const std::string one = std::string{key} + ".one";
  const std::string other = std::string{key} + ".other";
  return text(locale, n == 1 ? one : other, {{"n", number(n, locale)}});
}

std::string locale_of(const http::Request& rq) {
  const DisplayPreferences look = display_preferences(rq);
  return look.locale.empty() ? asked_locale(rq) : look.locale;
}

std::string asked_locale(const http::Request& rq) {
  const auto all = texts();
  std::string best{kFallback};
  std::int64_t best_weight = 0;
  for (const std::string_view item : core::split(rq.header("accept-language").substr(0, 512), ',')) {
    const auto parts = core::split(item, ';');
    std::string tag = core::lower(core::trim(parts.front()));
    std::int64_t weight = 1000;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const std::string_view q = core::trim(parts[i]);
      if (!q.starts_with("q=")) continue;
      weight = q.starts_with("q=1") ? 1000 : 0;
      std::int64_t unit = 100;
      for (std::size_t d = 4; q.starts_with("q=0.") && d < q.size() && unit > 0; ++d, unit /= 10)
        if (q[d] >= '0' && q[d] <= '9') weight += (q[d] - '0') * unit;
    }
    if (!all->has_locale(tag)) tag = tag.substr(0, tag.find('-'));
    if (weight > best_weight && all->has_locale(tag)) {
      best = tag;
      best_weight = weight;
    }
  }
  return best;
}

}  // namespace html
