// Where views and texts are read: in the binary, or in config().source_dir during development; private to html/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace html {

bool reads_from_disk();
// A file by its path from the project's root.
std::optional<std::string> source_file(std::string_view path);

struct TextFile {
  std::string path;    // src/billing/text/en.json
  std::string locale;  // en
  std::string bytes;
};
std::vector<TextFile> text_files();
std::uint64_t text_stamp();  // changes when a text file on disk does; 0 for the binary's

}  // namespace html
