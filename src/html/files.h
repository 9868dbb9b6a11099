// Reads views and texts: from the binary, or from config().source_dir during development. Private to html/.
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
std::uint64_t text_stamp();  // changes with the text files on disk; 0 when they are in the binary

}  // namespace html
