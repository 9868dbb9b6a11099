// Removes files that no row references: replaced versions and the files of a deleted project or user, as the outbox
// orders, and what crashes left behind, by the sweep.
#include "core/log.h"
#include "storage/objects.h"
#include "storage/storage_context.h"

namespace storage {

namespace {

constexpr int kBatch = 500;
constexpr double kErasuresPerSecond = 200;  // leaves disk threads for downloads and uploads

Task<> erase_versions(StorageContext& context, std::vector<std::string> versions) {
  const auto erase = [&context, &versions] {
    for (const std::string& version : versions) context.files.erase(version);
  };
  co_await core::offload(context.disk, erase);
}

// Rows first, then files: what a crash in between leaves is found by the sweep.
Task<int> erase_folder(StorageContext& context, std::string folder) {
  int erased = 0;
  for (;;) {
    auto versions =
        co_await context.db.in(pg::as_service("the owner of these files was deleted"), delete_folder, folder, kBatch);
    const int found = static_cast<int>(versions.size());
    co_await erase_versions(context, std::move(versions));
    erased += found;
    if (found < kBatch) co_return erased;
  }
}

outbox::Delivery failed(const std::string& error) {
  return outbox::Delivery{.outcome = outbox::Outcome::failed, .error = error, .after = std::nullopt};
}

Task<outbox::Delivery> erase_version(StorageContext& context, const outbox::Item& item) {
  const std::string version = item.payload["version"].string_or("");
  if (!context.files.path_of(version)) co_return failed("not a version name");
  const std::vector<std::string> candidates{version};
  auto orphans = co_await find_orphans(context.db, candidates);
  co_await erase_versions(context, std::move(orphans));
  co_return outbox::Delivery{};
}

Task<outbox::Delivery> erase_project(StorageContext& context, const outbox::Item& item) {
  const auto user = core::UserId::parse(item.payload["user_id"].string_or(""));
  const auto project = core::ProjectId::parse(item.payload["project_id"].string_or(""));
  if (!user || !project) co_return failed("user_id or project_id is missing");
  const int erased = co_await erase_folder(context, "u_" + user->str() + "/p_" + project->str() + "/");
  core::log::info("storage.project.erased", {{"project", *project}, {"files", erased}});
  co_return outbox::Delivery{};
}

Task<outbox::Delivery> erase_user(StorageContext& context, const outbox::Item& item) {
  auto user = core::UserId::parse(item.payload["user_id"].string_or(""));
  if (!user) user = item.user;
  if (!user) co_return failed("user_id is missing");
  const int erased = co_await erase_folder(context, "u_" + user->str() + "/");
  core::log::info("storage.user.erased", {{"user", *user}, {"files", erased}});
  co_return outbox::Delivery{};
}

// Erases the old files of one folder that no row references.
Task<int> sweep_folder(StorageContext& context, int folder, std::chrono::seconds older_than) {
  int erased = 0;
  const auto list = [&context, folder, older_than] { return context.files.versions_in(folder, older_than); };
  const std::vector<std::string> files = co_await core::offload(context.disk, list);
  for (std::size_t at = 0; at < files.size(); at += kBatch) {
    const std::size_t end = std::min(files.size(), at + kBatch);
    const std::vector<std::string> batch(files.begin() + static_cast<std::ptrdiff_t>(at),
                                         files.begin() + static_cast<std::ptrdiff_t>(end));
    auto orphans = co_await find_orphans(context.db, batch);
    erased += static_cast<int>(orphans.size());
    co_await erase_versions(context, std::move(orphans));
  }
  if (erased > 0) core::log::info("storage.orphans.erased", {{"files", erased}});
  co_return erased;
}

Task<int> sweep_temps(StorageContext& context, std::chrono::seconds older_than) {
  const auto remove = [&context, older_than] { return context.files.remove_old_temps(older_than); };
  co_return co_await core::offload(context.disk, remove);
}

}  // namespace

void register_deliveries(outbox::OutboxDispatcher& dispatcher, Storage& storage) {
  StorageContext& context = storage.context();
  dispatcher.lane("storage", kErasuresPerSecond, 200);
  dispatcher.on("erase_version", [&context](const outbox::Item& item) { return erase_version(context, item); });
  dispatcher.on("erase_project_files", [&context](const outbox::Item& item) { return erase_project(context, item); });
  dispatcher.on("erase_user_files", [&context](const outbox::Item& item) { return erase_user(context, item); });
}

// The clock chooses the folder, so processes share no state and a restart continues the round.
Task<int> sweep(Storage& storage, std::chrono::seconds older_than) {
  StorageContext& context = storage.context();
  const auto turn = core::unix_seconds(context.clock.now()) / 300;
  const int temps = co_await sweep_temps(context, older_than);
  co_return temps + co_await sweep_folder(context, static_cast<int>(turn % 256), older_than);
}

Task<int> sweep_all(Storage& storage, std::chrono::seconds older_than) {
  StorageContext& context = storage.context();
  int erased = co_await sweep_temps(context, older_than);
  for (int folder = 0; folder < 256; ++folder) erased += co_await sweep_folder(context, folder, older_than);
  co_return erased;
}

}  // namespace storage
