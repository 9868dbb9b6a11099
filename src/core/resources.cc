#include "core/resources.h"

#include <algorithm>

namespace core {

const Resource* find_resource(std::string_view path) {
  const auto files = embedded();
  const auto found = std::lower_bound(files.begin(), files.end(), path,
                                      [](const Resource& file, std::string_view wanted) { return file.path < wanted; });
  return found != files.end() && found->path == path ? &*found : nullptr;
}

std::vector<const Resource*> resources_below(std::string_view folder) {
  std::vector<const Resource*> out;
  for (const Resource& file : embedded())
    if (file.path.starts_with(folder)) out.push_back(&file);
  return out;
}

}  // namespace core
