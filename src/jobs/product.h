// Everything that src/pipeline/ states about the business; app/ hands each part to the module that needs it. The words
// are texts of the pipeline, listed in docs/swap-the-pipeline.md.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/pipeline.h"
#include "projects/input_rules.h"

namespace jobs {

// A project to try the product with: the demo user's, and the one of `tenon dev --once`.
struct Sample {
  struct File {
    std::string name;
    std::string_view bytes;
    projects::Fields fields{};
  };
  std::string title;
  std::vector<File> files;
};

struct Product {
  Pipelines pipelines;          // the first is what the start button runs
  projects::InputRules inputs;  // which files a project takes
  Sample (*sample)() = nullptr;
  // The value of so many credits: fills the text pipeline.worth and, for one credit, the landing and pricing pages.
  core::Params (*worth)(std::int64_t credits) = nullptr;
  std::vector<std::int64_t> examples{};          // numbers of files whose price /pricing shows
  std::map<std::string, std::string> landing{};  // URLs in views/landing.html, by name: files below public/
};

}  // namespace jobs
