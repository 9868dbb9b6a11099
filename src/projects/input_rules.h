// Which files a project takes, and what may be written beside each of them. The pipeline states these rules
// (jobs/product.h); projects/ enforces them while the files stream in.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "projects/refusal.h"

namespace projects {

using Fields = std::map<std::string, std::string, std::less<>>;  // by the name that the rules declare

struct FileType {
  std::string mime;       // "image/jpeg": decides between thumbnail, player and icon
  std::string extension;  // of the stored object: "jpg"
  std::int64_t width = 0;
  std::int64_t height = 0;  // of an image or a video; 0: unknown
};

// Judges one file by its bytes while they stream by; its name and the browser's Content-Type prove nothing. Both
// functions throw Refusal as soon as the file cannot be accepted.
class InputCheck {
 public:
  virtual ~InputCheck() = default;
  virtual void feed(std::string_view bytes) = 0;
  virtual FileType finish() = 0;  // after the last byte
};

struct InputRules {
  std::unique_ptr<InputCheck> (*accept)(std::string file_name) = nullptr;
  std::string media_types;            // what a file dialog offers: "image/jpeg,image/png"
  std::int64_t most = 100;            // files in one project
  std::uint64_t largest = 25u << 20;  // bytes of one file
  std::vector<std::string> fields{};  // a line of text each, labelled by the text pipeline.field.<name>
};

inline constexpr std::size_t kLongestField = 200;  // characters

}  // namespace projects
