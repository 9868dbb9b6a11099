// A zip of uncompressed files. The same files always give the same bytes.
#pragma once

#include <string>
#include <vector>

namespace pipeline {

struct ZipEntry {
  std::string name;  // made safe: no folders or control characters; a duplicate gets " (2)"
  std::string file;  // path of its bytes
};
// Throws std::runtime_error, or std::system_error with ENOSPC when the disk is full.
void write_zip(const std::string& to, const std::vector<ZipEntry>& entries);
// The names that write_zip uses, in order.
std::vector<std::string> zip_names(const std::vector<ZipEntry>& entries);

}  // namespace pipeline
