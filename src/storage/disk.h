// Files below STORAGE_DIR: tmp/<uuid> while being written, objects/<2 hex>/<version> once durable. Every call blocks:
// use core::offload. A file never changes after its rename, so readers need no lock.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace storage {

struct Staged;

class Disk {
 public:
  explicit Disk(std::string dir);

  // One file being written. Destroyed before finish(), it removes the temporary file. Throws core::Problem:
  // 507 storage.no_space (disk or quota full), 503 storage.read_only, 503 storage.storage_unavailable.
  class Temp {
   public:
    explicit Temp(const Disk& disk);
    ~Temp();
    Temp(const Temp&) = delete;
    Temp& operator=(const Temp&) = delete;
    void write(std::string_view bytes);
    void sync();
    Staged finish();  // fsync, rename, fsync of the folder

   private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };

  // The path of a version's file; nothing when `version` is not a name that Tenon gives.
  std::optional<std::string> path_of(std::string_view version) const;
  // The size of the stored file; nothing when it is missing.
  std::optional<std::uint64_t> size_of(std::string_view version) const;
  void erase(std::string_view version) const;  // missing is fine
  bool is_writable() const;                    // writes, syncs and removes a byte

  // For the sweep: versions in one of the 256 folders that are older, and the removal of older temporary files.
  std::vector<std::string> versions_in(int folder, std::chrono::seconds older_than) const;
  int remove_old_temps(std::chrono::seconds older_than) const;

 private:
  friend class Temp;
  std::filesystem::path dir_;
};

// A random name for new bytes.
std::string new_version();

}  // namespace storage
