#include "storage/key.h"

#include <algorithm>

#include "storage/storage.h"

namespace storage {

namespace {

constexpr std::size_t kMaxKeyBytes = 1024;
constexpr std::size_t kMaxBucketBytes = 100;
constexpr std::string_view kPunctuation = "_!.*'() &$=@;:+,?-";

bool allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kPunctuation.find(c) != std::string_view::npos;
}

}  // namespace

std::string job_folder(core::UserId user, core::ProjectId project, core::JobId job) {
  return "u_" + user.str() + "/p_" + project.str() + "/j_" + job.str() + "/";
}

bool valid_key(std::string_view key) {
  if (key.empty() || key.size() > kMaxKeyBytes) return false;
  for (std::size_t at = 0; at <= key.size();) {
    const std::size_t end = std::min(key.find('/', at), key.size());
    const std::string_view segment = key.substr(at, end - at);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (!std::ranges::all_of(segment, allowed)) return false;
    at = end + 1;
  }
  return true;
}

bool valid_bucket(std::string_view name) {
  return !name.empty() && name.size() <= kMaxBucketBytes && name != "." && name != ".." &&
         std::ranges::all_of(name, allowed);
}

}  // namespace storage
