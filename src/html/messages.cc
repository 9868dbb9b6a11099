#include "html/messages.h"

#include <algorithm>

#include "core/text.h"
#include "html/format.h"
#include "html/html.h"
#include "html/texts.h"

namespace html {
namespace {

bool name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

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
  params.emplace_back("wait", wait(retry_after(problem).value_or(60), locale));
  return params;
}

}  // namespace

std::string message(std::string_view locale, std::string_view key, const core::Params& params) {
  const auto all = texts();
  const std::string* sentence = sentence_of(*all, locale, key, params);
  return sentence ? filled(locale, *sentence, params) : missing_text(key);
}

std::string fill(std::string_view sentence,
                 const std::function<std::optional<std::string>(std::string_view)>& value_of) {
  std::string out;
  out.reserve(sentence.size());
  for (std::size_t at = 0; at < sentence.size();) {
    if (sentence[at] == '{') {
      const std::size_t close = sentence.find('}', at);
      if (close != std::string_view::npos) {
        const std::string_view name = sentence.substr(at + 1, close - at - 1);
        if (!name.empty() && std::ranges::all_of(name, name_char)) {
          if (const auto value = value_of(name)) {
            out += *value;
            at = close + 1;
            continue;
          }
        }
      }
    }
    out += sentence[at++];
  }
  return out;
}

std::optional<std::int64_t> retry_after(const core::Problem& problem) {
  const auto header = std::ranges::find(problem.headers, "Retry-After", &std::pair<std::string, std::string>::first);
  return header == problem.headers.end() ? std::nullopt : core::parse_int(header->second);
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
