#include "jobs/job_error.h"

#include "core/text.h"
#include "html/html.h"
#include "html/messages.h"
#include "html/texts.h"

namespace jobs {

std::string params_json(const core::Params& params) {
  core::JsonWriter w;
  w.begin();
  for (const auto& [name, value] : params) std::visit([&w, &name](const auto& held) { w.field(name, held); }, value);
  w.end();
  return w.take();
}

core::Params params_from(const core::Json& object) {
  core::Params params;
  for (const auto& [name, value] : object.members()) {
    if (const auto number = value.integer()) params.emplace_back(name, *number);
    else if (const auto text = value.string()) params.emplace_back(name, *text);
  }
  return params;
}

std::string error_text(std::string_view locale, const JobError& error, std::string_view written) {
  const auto texts = html::texts();
  for (const char* module : {"pipeline", "jobs"}) {
    const std::string key = std::string(module) + ".error." + core::lower(error.code);
    if (texts->find(locale, key) == nullptr) continue;
    const std::string sentence = html::message(locale, key, error.params);
    if (sentence.find('{') == std::string::npos || written.empty()) return sentence;
  }
  return written.empty() ? html::text(locale, "jobs.error.err_processing") : std::string(written);
}

}  // namespace jobs
