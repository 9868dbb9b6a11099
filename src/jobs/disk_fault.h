// Distinguishes a full from a read-only disk after a failed write, and the error code of a job that meets it.
#pragma once

#include <cerrno>
#include <system_error>

namespace jobs {

enum class DiskFault { none, full, read_only };

inline DiskFault disk_fault(const std::error_code& code) {
  if (code == std::errc::no_space_on_device || code.value() == EDQUOT) return DiskFault::full;
  const bool closed = code == std::errc::read_only_file_system || code == std::errc::permission_denied ||
                      code == std::errc::operation_not_permitted;
  return closed ? DiskFault::read_only : DiskFault::none;
}
inline const char* code_of(DiskFault fault) {
  if (fault == DiskFault::none) return "ERR_PROCESSING";
  return fault == DiskFault::full ? "NO_SPACE" : "DISK_READ_ONLY";
}

}  // namespace jobs
