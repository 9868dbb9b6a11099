// What the outbox asks of the store: bytes that no row names any more, and all files of a project or a user.
#include "core/log.h"
#include "storage/objects.h"
#include "storage/parts.h"

namespace storage {

namespace {

constexpr int kBatch = 500;
constexpr double kErasuresPerSecond = 200;  // leaves the disk's threads to readers and uploads

Task<> erase_versions(Parts& parts, std::vector<std::string> versions) {
  const auto erase = [&parts, &versions] {
    for (const std::string& version : versions) parts.files.erase(version);
  };
  co_await core::offload(parts.disk, erase);
}

// Rows first, then bytes: a crash between leaves files that the sweep finds.
Task<int> erase_folder(Parts& parts, std::string folder) {
  int erased = 0;
  for (;;) {
    auto versions =
        co_await parts.db.in(pg::as_service("the owner of these files is gone"), delete_folder, folder, kBatch);
    const int found = static_cast<int>(versions.size());
    co_await erase_versions(parts, std::move(versions));
    erased += found;
    if (found < kBatch) co_return erased;
  }
}

outbox::Delivery refused(const std::string& why) {
  return outbox::Delivery{.outcome = outbox::Outcome::failed, .error = why, .after = std::nullopt};
}

Task<outbox::Delivery> erase_version(Parts& parts, const outbox::Item& item) {
  const std::string version = item.payload["version"].string_or("");
  if (!parts.files.path_of(version)) co_return refused("no such name of a version");
  const std::vector<std::string> asked{version};
  auto free = co_await unnamed(parts.db, asked);
  co_await erase_versions(parts, std::move(free));
  co_return outbox::Delivery{};
}

Task<outbox::Delivery> erase_project(Parts& parts, const outbox::Item& item) {
  const auto user = core::UserId::parse(item.payload["user_id"].string_or(""));
  const auto project = core::ProjectId::parse(item.payload["project_id"].string_or(""));
  if (!user || !project) co_return refused("user_id or project_id is missing");
  const int erased = co_await erase_folder(parts, "u_" + user->str() + "/p_" + project->str() + "/");
  core::log::info("storage.project.erased", {{"project", *project}, {"files", erased}});
  co_return outbox::Delivery{};
}

Task<outbox::Delivery> erase_user(Parts& parts, const outbox::Item& item) {
  auto user = core::UserId::parse(item.payload["user_id"].string_or(""));
  if (!user) user = item.user;
  if (!user) co_return refused("user_id is missing");
  const int erased = co_await erase_folder(parts, "u_" + user->str() + "/");
  core::log::info("storage.user.erased", {{"user", *user}, {"files", erased}});
  co_return outbox::Delivery{};
}

// Of one folder's untouched files those that no row names are erased.
Task<int> sweep_folder(Parts& parts, int folder, std::chrono::seconds older_than) {
  int erased = 0;
  const auto look = [&parts, folder, older_than] { return parts.files.versions_in(folder, older_than); };
  const std::vector<std::string> files = co_await core::offload(parts.disk, look);
  for (std::size_t at = 0; at < files.size(); at += kBatch) {
    const std::size_t end = std::min(files.size(), at + kBatch);
    const std::vector<std::string> batch(files.begin() + static_cast<std::ptrdiff_t>(at),
                                         files.begin() + static_cast<std::ptrdiff_t>(end));
    auto orphans = co_await unnamed(parts.db, batch);
    erased += static_cast<int>(orphans.size());
    co_await erase_versions(parts, std::move(orphans));
  }
  if (erased > 0) core::log::info("storage.orphans.erased", {{"files", erased}});
  co_return erased;
}

Task<int> sweep_temps(Parts& parts, std::chrono::seconds older_than) {
  const auto remove = [&parts, older_than] { return parts.files.remove_old_temps(older_than); };
  co_return co_await core::offload(parts.disk, remove);
}

}  // namespace

void register_deliveries(outbox::OutboxDispatcher& courier, Storage& storage) {
  Parts& parts = storage.parts();
  courier.lane("storage", kErasuresPerSecond, 200);
  courier.on("erase_version", [&parts](const outbox::Item& item) { return erase_version(parts, item); });
  courier.on("erase_project_files", [&parts](const outbox::Item& item) { return erase_project(parts, item); });
  courier.on("erase_user_files", [&parts](const outbox::Item& item) { return erase_user(parts, item); });
}

// Which folder follows from the clock, so that processes share no state and a restart does not begin anew.
Task<int> sweep(Storage& storage, std::chrono::seconds older_than) {
  Parts& parts = storage.parts();
  const auto turn = core::unix_seconds(parts.clock.now()) / 300;
  const int temps = co_await sweep_temps(parts, older_than);
  co_return temps + co_await sweep_folder(parts, static_cast<int>(turn % 256), older_than);
}

Task<int> sweep_all(Storage& storage, std::chrono::seconds older_than) {
  Parts& parts = storage.parts();
  int erased = co_await sweep_temps(parts, older_than);
  for (int folder = 0; folder < 256; ++folder) erased += co_await sweep_folder(parts, folder, older_than);
  co_return erased;
}

}  // namespace storage
