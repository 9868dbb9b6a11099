#include "html/messages.h"

#include <algorithm>

#include "core/text.h"
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

// The parameters and {wait}, the time that Retry-After asks for; a minute where it is missing.
core::Params with_wait(const core::Problem& problem, std::string_view locale) {
  core::Params params = problem.params;
  std::int64_t seconds = 60;
  for (const auto& [name, value] : problem.headers)
    if (name == "Retry-After") seconds = core::parse_int(value).value_or(seconds);
  params.emplace_back("wait", wait(seconds, locale));
  return params;
}

}  // namespace

std::string message(std::string_view locale, std::string_view key, const core::Params& params) {
  const auto all = texts();
  const std::string* sentence = sentence_of(*all, locale, key, params);
  return sentence ? filled(locale, *sentence, params) : missing_text(key);
}

std::string message(std::string_view locale, const core::Problem& problem) {
  const auto all = texts();
  const std::string code_key =
      problem.text_key.substr(0, problem.text_key.find('.') + std::string_view{".problem."}.size()) + problem.code;
  for (const std::string& key : {problem.text_key, code_key})
    if (const std::string* sentence = sentence_of(*all, locale, key, problem.params))
      return filled(locale, *sentence, with_wait(problem, locale));
  missing_text(problem.text_key);
  return text(locale, problem.status >= 500 ? "html.error.500.why" : "html.error.400.why");
}

}  // namespace html
