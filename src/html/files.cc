#include "html/files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/env.h"
#include "core/resources.h"
#include "html/site_config.h"
#include "html/texts.h"

namespace html {
namespace {

namespace fs = std::filesystem;

Config& state() {
  static Config config;
  return config;
}

std::optional<std::string> read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

std::string locale_named(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return std::string{name.substr(0, name.rfind('.'))};
}

// src/*/text/*.json of the checkout, in path order.
std::vector<fs::path> texts_on_disk() {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& module : fs::directory_iterator(fs::path{config().source_dir} / "src", ignored))
    for (const auto& file : fs::directory_iterator(module.path() / "text", ignored))
      if (file.path().extension() == ".json") found.push_back(file.path());
  std::ranges::sort(found);
  return found;
}

}  // namespace

Config Config::from(core::Env& env) {
  Config config;
  config.source_dir = env.text("TENON_SOURCE_DIR");
  if (env.production()) config.source_dir.clear();
  config.base_url = env.text("APP_BASE_URL");
  return config;
}

void configure(Config config) {
  state() = std::move(config);
  forget_texts();
}

const Config& config() { return state(); }

bool reads_from_disk() { return !config().source_dir.empty(); }

std::optional<std::string> source_file(std::string_view path) {
  if (reads_from_disk()) return read(fs::path{config().source_dir} / path);
  const core::Resource* resource = core::find_resource(path);
  if (resource == nullptr) return std::nullopt;
  return std::string{resource->bytes};
}

std::vector<TextFile> text_files() {
  std::vector<TextFile> files;
  if (reads_from_disk()) {
    for (const fs::path& path : texts_on_disk())
      if (auto bytes = read(path)) files.push_back({path.string(), locale_named(path.string()), std::move(*bytes)});
    return files;
  }
  for (const core::Resource* resource : core::resources_below("src/"))
    if (resource->path.find("/text/") != std::string_view::npos && resource->path.ends_with(".json"))
      files.push_back({std::string{resource->path}, locale_named(resource->path), std::string{resource->bytes}});
  return files;
}

std::uint64_t text_stamp() {
  if (!reads_from_disk()) return 0;
  std::uint64_t stamp = 1;
  std::error_code ignored;
  for (const fs::path& path : texts_on_disk()) {
    stamp = stamp * 31 + fs::file_size(path, ignored);
    stamp = stamp * 31 + static_cast<std::uint64_t>(fs::last_write_time(path, ignored).time_since_epoch().count());
  }
  return stamp;
}

}  // namespace html
