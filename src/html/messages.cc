#include "html/messages.h"

#include <algorithm>

#include "html/format.h"
#include "html/html.h"
#include "html/texts.h"

namespace html {
namespace {

const std::string* sentence_of(const Texts& all, std::string_view locale, std::string_view key,
                               const core::Params& params) {
  const auto n = std::ranges::find(params, "n", &core::Param::first);
  if (n != params.end())
    if (const auto* count = std::get_if<std::int64_t>(&n->second))
      if (const auto* sentence = all.find(locale, std::string{key} + (*count == 1 ? ".one" : ".other")))
        return sentence;
  return all.find(locale, key);
}

std::string filled(std::string_view locale, std::string_view sentence, const core::Params& params) {
  return fill(sentence, [&](std::string_view name) -> std::optional<std::string> {
    const auto param = std::ranges::find(params, name, &core::Param::first);
    if (param == params.end()) return std::nullopt;
    if (const auto* count = std::get_if<std::int64_t>(&param->second)) return number(*count, locale);
    return std::get<std::string>(param->second);
  });
}

}  // namespace

std::string message(std::string_view locale, std::string_view key, const core::Params& params) {
  const auto all = texts();
  const std::string* sentence = sentence_of(*all, locale, key, params);
  return sentence ? filled(locale, *sentence, params) : missing_text(key);
}

std::string message(std::string_view locale, const core::Problem& problem) {
  if (problem.text_key.empty()) return retold(locale, problem.sentence);  // transitional
  const auto all = texts();
  if (const std::string* sentence = sentence_of(*all, locale, problem.text_key, problem.params))
    return filled(locale, *sentence, problem.params);
  missing_text(problem.text_key);
  return text(locale, problem.status >= 500 ? "html.error.500.why" : "html.error.400.why");
}

}  // namespace html
