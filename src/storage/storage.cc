#include "storage/storage.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/crypto.h"
#include "core/log.h"
#include "core/text.h"
#include "storage/objects.h"
#include "storage/parts.h"
#include "storage/token.h"
#include "storage/trouble.h"

namespace storage {

namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;  // one trip to the disk's threads for so many bytes
constexpr std::string_view kCacheControl = "max-age=3600";

}  // namespace

Config Config::from(core::Env& env) {
  Config config;
  config.dir = env.text("STORAGE_DIR", ".tenon/storage");
  if (env.production() && !env.maybe("STORAGE_DIR"))
    env.fault("STORAGE_DIR must name the folder that keeps all files.");
  core::Secret jwt_secret = env.secret("JWT_SECRET");
  if (jwt_secret.empty()) jwt_secret = core::Secret(core::random_bytes(32));
  config.signing_key = link_key(jwt_secret);
  config.public_url = env.url("APP_BASE_URL", "http://localhost:3000");
  config.max_upload = static_cast<std::uint64_t>(env.integer("STORAGE_MAX_UPLOAD_BYTES", 500LL << 20, 1, 1LL << 40));
  config.max_link_seconds = env.integer("STORAGE_MAX_LINK_SECONDS", 7LL * 86400, 60, 3650LL * 86400);
  return config;
}

Storage::Storage(core::Loop&, core::BlockingPool& disk, pg::Db& db, core::Clock& clock, Config config)
    : parts_(new Parts{disk, db, clock, config, Disk(config.dir)}) {}

Storage::~Storage() = default;

struct Storage::Upload::Impl {
  Parts& parts;
  std::uint64_t limit;
  std::uint64_t size = 0;
  std::string waiting;
  std::unique_ptr<Disk::Temp> temp;

  Task<> flush() {
    const auto write = [this] {
      if (!temp) temp = std::make_unique<Disk::Temp>(parts.files);
      temp->write(waiting);
    };
    co_await core::offload(parts.disk, write);
    waiting.clear();
  }
};

Storage::Upload::Upload(Storage& storage, std::uint64_t limit)
    : impl_(new Impl{.parts = storage.parts(), .limit = limit, .waiting = {}, .temp = {}}) {}

Storage::Upload::~Upload() = default;

Task<> Storage::Upload::write(std::string_view bytes) {
  impl_->size += bytes.size();
  if (impl_->size > impl_->limit) throw trouble(413, "too_large");
  impl_->waiting.append(bytes);
  if (impl_->waiting.size() >= kPieceBytes) co_await impl_->flush();
}

Task<Staged> Storage::Upload::finish() {
  co_await impl_->flush();
  const auto settle = [impl = impl_.get()] { return impl->temp->finish(); };
  co_return co_await core::offload(impl_->parts.disk, settle);
}

Task<Staged> Storage::stage_file(const std::string& path) {
  const Disk& files = parts_->files;
  const auto copy = [&files, &path] {
    const int from = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (from < 0) throw std::runtime_error("cannot open the file to store");
    const auto closer = std::unique_ptr<const int, void (*)(const int*)>(&from, [](const int* fd) { ::close(*fd); });
    Disk::Temp temp(files);
    std::string piece(1 << 20, '\0');
    for (;;) {
      const ssize_t n = ::read(from, piece.data(), piece.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw std::runtime_error("cannot read the file to store");
      if (n == 0) return temp.finish();
      temp.write({piece.data(), static_cast<std::size_t>(n)});
    }
  };
  co_return co_await core::offload(parts_->disk, copy);
}

namespace {

bool may_have_committed(const std::exception_ptr& why) {
  if (!why) return false;
  try {
    std::rethrow_exception(why);
  } catch (const pg::Unavailable&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

Task<> Storage::discard(const Staged& staged, std::exception_ptr why) {
  if (may_have_committed(why)) co_return;
  const auto erase = [files = &parts_->files, version = staged.version] { files->erase(version); };
  try {
    co_await core::offload(parts_->disk, erase);
  } catch (const core::Problem& problem) {
    core::log::warn("storage.staged.left_to_sweep", {{"version", staged.version}, {"code", problem.code}});
  }
}

Task<Object> Storage::commit(pg::Tx& tx, std::string_view bucket, std::string_view key, const Staged& staged,
                             std::string_view mimetype, core::UserId owner) {
  if (!valid_key(key)) throw trouble(400, "bad_key");
  const NewObject object{.bucket = std::string(bucket),
                         .key = std::string(key),
                         .version = staged.version,
                         .metadata = metadata_of(staged, mimetype, kCacheControl, parts_->clock.now()),
                         .owner = owner.str(),
                         .user_metadata = std::nullopt};
  const auto row = co_await write_row(tx, object, OnConflict::replace);
  if (!row) throw std::logic_error("an upsert of storage.objects wrote no row");
  co_return object_of(*row);
}

Task<> Storage::remove(pg::Tx& tx, std::string_view bucket, std::string_view key) {
  const std::vector<std::string> keys{std::string(key)};
  const auto gone = co_await delete_rows(tx, std::string(bucket), keys);
  for (const ObjectRow& row : gone) co_await queue_erasure(tx, row.version);
}

Task<std::string> Storage::local_path(const Object& object) {
  const auto path = parts_->files.path_of(object.version);
  if (!path) throw std::runtime_error("the object has no stored version");
  co_return *path;
}

std::string Storage::signed_path(std::string_view bucket, std::string_view key, std::int64_t seconds,
                                 std::string_view download) const {
  const std::int64_t now = core::unix_seconds(parts_->clock.now());
  Grant grant;
  grant.url = std::string(bucket) + "/" + std::string(key);
  grant.issued = now;
  grant.expires = now + seconds;
  std::string path = "/storage/v1/object/sign/" + core::percent_encode(grant.url, "/") +
                     "?token=" + sign(parts_->config.signing_key, grant);
  if (!download.empty()) path += "&download=" + core::percent_encode(download);
  return path;
}

std::string Storage::signed_url(std::string_view bucket, std::string_view key, std::int64_t seconds,
                                std::string_view download) const {
  return parts_->config.public_url + signed_path(bucket, key, seconds, download);
}

Task<bool> Storage::answers() {
  const auto probe = [files = &parts_->files] { return files->answers(); };
  co_return co_await core::offload(parts_->disk, probe);
}

}  // namespace storage
