// An app with a store in a folder of its own: for the suites of storage/ and of the modules that keep files in it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "storage/signed_url_token.h"
#include "storage/storage.h"
#include "support/app.h"

namespace support {

class StorageApp : public App {
 public:
  StorageApp() {
    char name[] = "/tmp/tenon-store.XXXXXX";
    if (::mkdtemp(name) == nullptr) throw std::runtime_error("no temporary folder");
    dir = name;
    storage::Config config;
    config.dir = dir + "/store";
    config.signing_key = storage::derive_signing_key(core::Secret("a secret of the tests only, long enough"));
    config.public_url = "http://localhost:3000";
    config.max_upload = 4 << 20;
    storage_ = std::make_unique<storage::Storage>(loop, pool, db(), clock, config);
    storage::mount(router, *storage_);
  }
  ~StorageApp() override {
    close();
    storage_.reset();
    std::filesystem::remove_all(dir);
  }
  storage::Storage& storage() { return *storage_; }
  // Files that objects have in the store, and those of uploads under way.
  std::size_t files() const { return count("/store/objects"); }
  std::size_t temps() const { return count("/store/tmp"); }

  std::string dir;

 private:
  std::size_t count(const std::string& below) const {
    std::size_t n = 0;
    std::error_code none;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir + below, none))
      n += entry.is_regular_file();
    return n;
  }
  std::unique_ptr<storage::Storage> storage_;
};

}  // namespace support
