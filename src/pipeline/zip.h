// A zip of stored files: the same files give the same bytes, whenever and wherever it is made.
#pragma once

#include <string>
#include <vector>

namespace pipeline {

struct ZipEntry {
  std::string name;  // made safe: no folders, no control characters; a second one of a name gets " (2)"
  std::string file;  // where its bytes are
};
// Throws std::runtime_error, or std::system_error with ENOSPC when the disk is full.
void write_zip(const std::string& to, const std::vector<ZipEntry>& entries);
// The names that write_zip gives, in order.
std::vector<std::string> zip_names(const std::vector<ZipEntry>& entries);

}  // namespace pipeline
