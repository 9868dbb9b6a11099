#include "storage/download_headers.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace storage {

namespace {

constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kTokenMarks.find(c) != std::string_view::npos;
}

std::string bare(std::string_view type) { return core::lower(core::trim(type.substr(0, type.find(';')))); }

// Browsers show these types without executing anything in them.
bool is_passive(const std::string& type) {
  static constexpr std::array<std::string_view, 10> kPassive{
      "image/jpeg", "image/png",  "image/gif", "image/webp", "image/avif",
      "image/bmp",  "text/plain", "text/csv",  "text/vtt",   "application/json"};
  return std::ranges::find(kPassive, type) != kPassive.end() || type.starts_with("audio/") ||
         type.starts_with("video/");
}

bool is_html(const std::string& type) { return type == "text/html"; }

}  // namespace

bool valid_mime(std::string_view type) {
  if (type.empty() || type.size() > 255) return false;
  const std::string_view name = core::trim(type.substr(0, type.find(';')));
  const std::size_t slash = name.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == name.size()) return false;
  if (!std::ranges::all_of(name.substr(0, slash), is_token_char)) return false;
  if (!std::ranges::all_of(name.substr(slash + 1), is_token_char)) return false;
  return std::ranges::all_of(type, [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string served_type(std::string_view stored) {
  if (!valid_mime(stored)) return "application/octet-stream";
  if (is_html(bare(stored))) return "text/plain; charset=utf-8";
  return std::string(stored);
}

std::string attachment(std::string_view name) {
  if (name.empty()) return "attachment";
  std::string plain;
  for (const char c : name) plain += c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '/' ? c : '_';
  const bool simple = std::ranges::all_of(plain, is_token_char);
  return "attachment; filename=" + (simple ? plain : '"' + plain + '"') + "; filename*=UTF-8''" +
         core::percent_encode(name);
}

void set_safe_download_headers(http::Response& response, std::string_view stored_type,
                               std::optional<std::string_view> download) {
  const std::string type = bare(stored_type);
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("X-Robots-Tag", "none");
  if (download) response.headers.set("Content-Disposition", attachment(download->substr(0, 500)));
  else if (!is_passive(type) && !is_html(type)) response.headers.set("Content-Disposition", "attachment");
  if (!is_passive(type)) response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
}

}  // namespace storage
