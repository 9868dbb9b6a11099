#include "jobs/pipeline.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace jobs {

StepResult ok() { return {}; }

StepResult fail(std::string code, core::Params params) {
  return {.success = false, .code = std::move(code), .params = std::move(params)};
}

StepResult try_again(std::string code, core::Params params) {
  return {.success = false, .code = std::move(code), .params = std::move(params), .again = true};
}

Pipeline&& Pipeline::then(std::string name, Step step, Options options) && {
  for (const Entry& entry : steps_)
    if (entry.name == name) throw std::logic_error("pipeline " + name_ + " has two steps called " + name);
  steps_.push_back({std::move(name), step, options});
  return std::move(*this);
}

int Pipeline::progress(std::size_t n, double share) const {
  double total = 0;
  double done = 0;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    total += steps_[i].options.weight;
    if (i < n) done += steps_[i].options.weight;
    if (i == n) done += steps_[i].options.weight * std::clamp(std::isfinite(share) ? share : 0.0, 0.0, 1.0);
  }
  if (total <= 0) return 1;
  return 1 + static_cast<int>(98 * done / total);
}

const Pipeline* find(const Pipelines& pipelines, std::string_view name) {
  for (const Pipeline& pipeline : pipelines)
    if (pipeline.name() == name) return &pipeline;
  return name == "default" && !pipelines.empty() ? &pipelines.front() : nullptr;
}

}  // namespace jobs
