// Files embedded in the binary: views, texts, migrations, public files. Paths are from the project's root
// ("src/billing/views/credits.html", "public/app.css", "db/migrations/….sql").
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace core {

struct Resource {
  std::string_view path;
  std::string_view bytes;
  std::string_view gzip;    // empty when compression does not pay
  std::string_view brotli;  // likewise
  std::string_view hash;    // 12 hex digits of the content, for URLs that never change
};

std::span<const Resource> embedded();  // sorted by path; defined by the build
const Resource* find_resource(std::string_view path);
std::vector<const Resource*> resources_below(std::string_view folder);  // "db/migrations/" in path order

}  // namespace core
