#include "storage/storage.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/crypto.h"
#include "core/log.h"
#include "storage/objects.h"
#include "storage/signed_url_token.h"
#include "storage/storage_context.h"

namespace storage {

namespace {

constexpr std::size_t kFlushBytes = 256 * 1024;  // written to disk in one go
constexpr std::string_view kCacheControl = "max-age=3600";

}  // namespace

Config Config::from(core::Env& env) {
  Config config;
  config.dir = env.text("STORAGE_DIR", ".tenon/storage");
  if (env.production() && !env.maybe("STORAGE_DIR"))
    env.fault("STORAGE_DIR must name the folder where files are stored.");
  core::Secret jwt_secret = env.secret("JWT_SECRET");
  if (jwt_secret.empty()) jwt_secret = core::Secret(core::random_bytes(32));
  config.signing_key = derive_signing_key(jwt_secret);
  config.public_url = env.url("APP_BASE_URL", "http://localhost:3000");
  config.max_upload = static_cast<std::uint64_t>(env.integer("STORAGE_MAX_UPLOAD_BYTES", 500LL << 20, 1, 1LL << 40));
  config.max_link_seconds = env.integer("STORAGE_MAX_LINK_SECONDS", 7LL * 86400, 60, 3650LL * 86400);
  return config;
}

Storage::Storage(core::Loop&, core::BlockingPool& disk, pg::Db& db, core::Clock& clock, Config config)
    : context_(new StorageContext{disk, db, clock, config, Disk(config.dir)}) {}

Storage::~Storage() = default;

struct Storage::Upload::Impl {
  StorageContext& context;
  std::uint64_t limit;
  std::uint64_t size = 0;
  std::string buffer;
  std::unique_ptr<Disk::Temp> temp;

  Task<> flush() {
    const auto write = [this] {
      if (!temp) temp = std::make_unique<Disk::Temp>(context.files);
      temp->write(buffer);
    };
    co_await core::offload(context.disk, write);
    buffer.clear();
  }
};

Storage::Upload::Upload(Storage& storage, std::uint64_t limit)
    : impl_(new Impl{.context = storage.context(), .limit = limit, .buffer = {}, .temp = {}}) {}

Storage::Upload::~Upload() = default;

Task<> Storage::Upload::write(std::string_view bytes) {
  impl_->size += bytes.size();
  if (impl_->size > impl_->limit) throw core::Problem(413, "storage.too_large");
  impl_->buffer.append(bytes);
  if (impl_->buffer.size() >= kFlushBytes) co_await impl_->flush();
}

Task<Staged> Storage::Upload::finish() {
  co_await impl_->flush();
  const auto finish_file = [impl = impl_.get()] { return impl->temp->finish(); };
  co_return co_await core::offload(impl_->context.disk, finish_file);
}

Task<Staged> Storage::stage_file(const std::string& path) {
  const Disk& files = context_->files;
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
  co_return co_await core::offload(context_->disk, copy);
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
  const auto erase = [files = &context_->files, version = staged.version] { files->erase(version); };
  try {
    co_await core::offload(context_->disk, erase);
  } catch (const core::Problem& problem) {
    core::log::warn("storage.file.discard_failed", {{"version", staged.version}, {"code", problem.code}});
  }
}

Task<Object> Storage::commit(pg::Tx& tx, std::string_view bucket, std::string_view key, const Staged& staged,
                             std::string_view mimetype, core::UserId owner) {
  if (!valid_key(key)) throw core::Problem(400, "storage.bad_key");
  const NewObject object{.bucket = std::string(bucket),
                         .key = std::string(key),
                         .version = staged.version,
                         .metadata = metadata_of(staged, mimetype, kCacheControl, context_->clock.now()),
                         .owner = owner.str(),
                         .user_metadata = std::nullopt};
  const auto row = co_await write_row(tx, object, OnConflict::replace);
  if (!row) throw std::logic_error("an upsert of storage.objects wrote no row");
  co_return object_of(*row);
}

Task<> Storage::remove(pg::Tx& tx, std::string_view bucket, std::string_view key) {
  const std::vector<std::string> keys{std::string(key)};
  const auto deleted = co_await delete_rows(tx, std::string(bucket), keys);
  for (const ObjectRow& row : deleted) co_await queue_erasure(tx, row.version);
}

Task<std::string> Storage::local_path(const Object& object) {
  const auto path = context_->files.path_of(object.version);
  if (!path) throw std::runtime_error("the object has no stored version");
  co_return *path;
}

Task<bool> Storage::ping() {
  const auto probe = [files = &context_->files] { return files->is_writable(); };
  co_return co_await core::offload(context_->disk, probe);
}

}  // namespace storage
