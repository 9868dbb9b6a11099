// Problem: an error that the caller may see, as a code with parameters. Thrown where the code can only give up; the
// edge answers with `status` and makes the sentence in the reader's language (html::message). Any other exception is
// a bug or an outage: logged whole, answered as a bare 500 (or 503, see pg::Unavailable).
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace core {

// Values for a sentence's {names}. A number is written as the reader's language writes numbers, and one called "n"
// chooses between the key's ".one" and ".other".
using Param = std::pair<std::string, std::variant<std::string, std::int64_t>>;
using Params = std::vector<Param>;

class Problem : public std::exception {
 public:
  // `name` is "module.code", or "module.code.detail" where one code has several sentences.
  //   Problem(402, "billing.insufficient_credits", {{"n", needed}})
  // is answered with code "insufficient_credits"; its sentence has the key "billing.problem.insufficient_credits"
  // in src/billing/text/*.json. A detail without a sentence of its own has that of its code.
  Problem(int http_status, std::string_view name, Params values = {}) : status(http_status), params(std::move(values)) {
    const std::size_t module_end = name.find('.');
    const std::string_view module = name.substr(0, module_end), rest = name.substr(module_end + 1);
    code = rest.substr(0, rest.find('.'));
    text_key.append(module).append(".problem.").append(rest);
  }

  // For logs: the text key, never a sentence for people.
  const char* what() const noexcept override { return text_key.c_str(); }

  int status;            // an HTTP status, 400 to 599
  std::string code;      // snake_case, stable: what the outside reads
  std::string text_key;  // where the sentence for people stands
  Params params;
  std::vector<std::pair<std::string, std::string>> headers;  // e.g. Retry-After
};

}  // namespace core
