// Content-Range, and the status of a page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rest {

// "0-9/42", "*/0".
std::string content_range(std::int64_t offset, std::int64_t size, std::optional<std::int64_t> total);

enum class TotalKind { exact, estimated };
// 200, or 206 for a part of a known total. Throws Error PGRST103 for an offset beyond an exact total.
int page_status(std::int64_t offset, std::int64_t size, std::optional<std::int64_t> total, TotalKind kind);

}  // namespace rest
