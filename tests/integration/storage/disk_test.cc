// The store on a file system of its own that fills up, and one that turns read-only (docs/spec/security.md 6.6).
#include "support/storage_app.h"

#include <sched.h>
#include <sys/mount.h>

using http::Method;
using support::Answer;
using support::Call;
using support::StorageApp;

namespace {

// Before the StorageApp is made: its threads see the mounts of the one that starts them.
bool own_mounts() {
  static const bool own =
      ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return own;
}

// A small file system below the store's folder, seen by this process only, so that a crash leaves nothing mounted.
class SmallDisk {
 public:
  explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    mounted_ = own_mounts() && ::mount("tenon", folder_.c_str(), "tmpfs", 0, "size=512k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  void set_read_only(bool on) {
    REQUIRE(::mount("tenon", folder_.c_str(), "tmpfs", MS_REMOUNT | (on ? MS_RDONLY : 0), nullptr) == 0);
  }

 private:
  std::string folder_;
  bool mounted_ = false;
};

Call upload(const std::string& key, std::string body) {
  return Call{.method = Method::post,
              .target = "/storage/v1/object/" + key,
              .caller = support::key("service_role"),
              .headers = {{"Content-Type", "image/png"}, {"x-upsert", "true"}},
              .body = std::move(body)};
}

// Only root mounts. The suite of a full disk by a limit on file sizes runs for everybody.
#define NEED_MOUNT(disk)                            \
  if (!(disk).mounted()) {                          \
    MESSAGE("SKIPPED: this process may not mount"); \
    return;                                         \
  }

}  // namespace

TEST_CASE(
    "on a full file system uploads answer 507, the old object and reads are unaffected, and freed space heals it") {
  own_mounts();
  StorageApp app;
  SmallDisk disk(app.dir + "/store");
  NEED_MOUNT(disk);
  const std::string key = "project-assets/" + core::Uuid::random().str();
  const std::string filler = "project-assets/" + core::Uuid::random().str();
  const Call read{.method = Method::get, .target = "/storage/v1/object/" + key, .caller = support::key("service_role")};
  REQUIRE(app.call(upload(key, "old bytes")).status == 200);
  REQUIRE(app.call(upload(filler, std::string(300000, 'f'))).status == 200);
  const std::size_t files = app.files();
  for (int i = 0; i < 3; ++i) {
    const Answer full = app.call(upload(key, std::string(400000, 'x')));
    CHECK(full.status == 507);
    CHECK(full.headers.has("retry-after"));
    CHECK(app.temps() == 0);
    CHECK(app.files() == files);
    CHECK(app.call(read).body == "old bytes");
  }
  CHECK(app.scalar("select count(*) from storage.objects where name = $1", {key.substr(15)}) == "1");
  const std::string version = app.scalar("select version from storage.objects where name = $1", {filler.substr(15)});
  storage::Object big;
  big.version = version;
  std::filesystem::remove(app.run(app.storage().local_path(big)));
  CHECK(app.call(upload(key, std::string(400000, 'x'))).status == 200);
  CHECK(app.call(read).body == std::string(400000, 'x'));
}

TEST_CASE("on a read-only file system uploads and readiness fail, reads go on, and it recovers by itself") {
  own_mounts();
  StorageApp app;
  SmallDisk disk(app.dir + "/store");
  NEED_MOUNT(disk);
  const std::string key = "project-assets/" + core::Uuid::random().str();
  const Call read{.method = Method::get, .target = "/storage/v1/object/" + key, .caller = support::key("service_role")};
  REQUIRE(app.call(upload(key, "old bytes")).status == 200);
  disk.set_read_only(true);
  const Answer refused = app.call(upload(key, "new bytes"));
  CHECK(refused.status == 503);
  CHECK(refused.headers.has("retry-after"));
  CHECK_FALSE(app.run(app.storage().ping()));
  CHECK(app.call(read).body == "old bytes");
  CHECK(app.scalar("select (metadata ->> 'size')::int from storage.objects where name = $1", {key.substr(15)}) == "9");
  disk.set_read_only(false);
  CHECK(app.run(app.storage().ping()));
  CHECK(app.call(upload(key, "new bytes")).status == 200);
  CHECK(app.call(read).body == "new bytes");
}
