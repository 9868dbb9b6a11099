#include "support/storage_app.h"

#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "storage/objects.h"

using http::Method;
using support::Answer;
using support::Call;
using support::StorageApp;

namespace {

storage::Staged stage(StorageApp& app, const std::string& bytes) {
  const auto go = [](storage::Storage& store, std::string all) -> core::Task<storage::Staged> {
    storage::Storage::Upload upload = store.upload(10 << 20);
    co_await upload.write(all);
    co_return co_await upload.finish();
  };
  return app.run(go(app.storage(), bytes));
}

core::Task<storage::Object> commit(pg::Tx& tx, storage::Storage* store, std::string key, storage::Staged staged,
                                   core::UserId user) {
  co_return co_await store->commit(tx, storage::kAssets, key, staged, "image/png", user);
}

storage::Object store(StorageApp& app, const std::string& key, const std::string& bytes, core::UserId user) {
  const auto staged = stage(app, bytes);
  return app.run(app.db().in(pg::as_service("a test writes"), commit, &app.storage(), key, staged, user));
}

void age_all(StorageApp& app) {  // as if written a day ago
  for (const auto& entry : std::filesystem::recursive_directory_iterator(app.dir + "/store"))
    if (entry.is_regular_file())
      std::filesystem::last_write_time(entry, std::filesystem::file_time_type::clock::now() - std::chrono::hours(24));
}

Call upload(const std::string& path, std::string body) {
  return Call{.method = Method::post,
              .target = "/storage/v1/object/" + path,
              .caller = support::key("service_role"),
              .headers = {{"Content-Type", "image/png"}},
              .body = std::move(body)};
}

}  // namespace

TEST_CASE("the sweep erases files whose row was never written, and only those") {
  StorageApp app;
  const auto ada = app.sign_up();
  const auto kept = store(app, "u_" + ada.str() + "/kept.png", "kept", ada);
  stage(app, "crashed before the row");
  REQUIRE(app.files() == 2);
  CHECK(app.run(storage::sweep_all(app.storage(), std::chrono::hours(2))) == 0);
  age_all(app);
  CHECK(app.run(storage::sweep_all(app.storage(), std::chrono::hours(2))) == 1);
  CHECK(app.files() == 1);
  CHECK(std::filesystem::exists(app.run(app.storage().local_path(kept))));
}

TEST_CASE("the sweep takes one folder at a time and reaches all of them") {
  StorageApp app;
  stage(app, "an orphan");
  age_all(app);
  int erased = 0;
  for (int turn = 0; turn < 256; ++turn) {
    erased += app.run(storage::sweep(app.storage(), std::chrono::hours(2)));
    app.clock.advance(std::chrono::seconds(300));
  }
  CHECK(erased == 1);
  CHECK(app.files() == 0);
}

TEST_CASE("an upload that breaks off leaves nothing behind") {
  StorageApp app;
  Call broken = upload("project-assets/" + core::Uuid::random().str(), std::string(600000, 'x'));
  broken.breaks = true;
  CHECK_THROWS_WITH(app.call(broken), "the client left");
  CHECK(app.temps() == 0);
  CHECK(app.files() == 0);
}

TEST_CASE("a full disk answers 507, changes nothing, and later uploads work again") {
  StorageApp app;
  const std::string key = "project-assets/" + core::Uuid::random().str();
  REQUIRE(app.call(upload(key, "old bytes")).status == 200);
  struct rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  auto* const handler = ::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small{100000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  Call replace = upload(key, std::string(500000, 'x'));
  replace.headers.emplace_back("x-upsert", "true");
  const Answer full = app.call(replace);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  CHECK(full.status == 507);
  CHECK(full.headers.has("retry-after"));
  CHECK(app.temps() == 0);
  CHECK(app.files() == 1);
  const Call read{.method = Method::get, .target = "/storage/v1/object/" + key, .caller = support::key("service_role")};
  CHECK(app.call(read).body == "old bytes");
  CHECK(app.call(replace).status == 200);
  CHECK(app.call(read).body == std::string(500000, 'x'));
}

TEST_CASE("concurrent commits of one key leave one row and queue the losing versions for removal") {
  StorageApp app;
  const auto ada = app.sign_up();
  const std::string key = "u_" + ada.str() + "/same.png";
  const auto one = stage(app, "one"), two = stage(app, "two"), three = stage(app, "three");
  auto both = [&](core::TaskGroup& group, std::vector<storage::Staged> all) -> core::Task<> {
    for (const storage::Staged& staged : all) {
      auto write = [](StorageApp* app, std::string at, storage::Staged mine, core::UserId who) -> core::Task<> {
        co_await app->db().in(pg::as_service("a test writes"), commit, &app->storage(), at, mine, who);
      };
      group.spawn("test.commit", write(&app, key, staged, ada));
    }
    co_await group.join();
  };
  core::TaskGroup group(app.loop);
  app.run(both(group, {one, two, three}));
  CHECK(app.scalar("select count(*) from storage.objects where name = $1", {key}) == "1");
  const std::string winner = app.scalar("select version from storage.objects where name = $1", {key});
  for (const auto& staged : {one, two, three})
    CHECK(app.scalar("select count(*) from tenon.outbox where kind = 'erase_version' and payload ->> 'version' = $1",
                     {staged.version}) == (staged.version == winner ? "0" : "1"));
}

TEST_CASE("the files of a deleted project are erased, those of other projects stay") {
  StorageApp app;
  const auto ada = app.sign_up();
  const auto gone = core::ProjectId::random(), stays = core::ProjectId::random();
  const std::string folder = "u_" + ada.str() + "/p_";
  for (int i = 0; i < 3; ++i) store(app, folder + gone.str() + "/j_1/inputs/" + std::to_string(i) + ".png", "x", ada);
  store(app, folder + stays.str() + "/j_1/inputs/0.png", "y", ada);
  REQUIRE(app.files() == 4);
  CHECK(app.scalar("select objects from storage.usage where user_id = $1", {ada.str()}) == "4");

  pg::Config config;
  config.url = config.direct_url = support::env("TENON_TEST_URL");
  pg::Listener listener(app.loop, config);
  outbox::OutboxDispatcher dispatcher(app.loop, app.db(), listener, "test");
  storage::register_deliveries(dispatcher, app.storage());
  app.owner.query(
      "select tenon.outbox_put('storage', 'erase_project_files', $1::uuid, jsonb_build_object('user_id', $1::uuid, "
      "'project_id', $2::text))",
      {ada.str(), gone.str()});
  app.run(dispatcher.drain());
  CHECK(app.files() == 1);
  CHECK(app.scalar("select string_agg(name, ',') from storage.objects where name like $1", {folder + "%"}) ==
        folder + stays.str() + "/j_1/inputs/0.png");
  app.owner.query(
      "select tenon.outbox_put('storage', 'erase_user_files', $1::uuid, jsonb_build_object('user_id', $1::uuid))",
      {ada.str()});
  app.run(dispatcher.drain());
  CHECK(app.files() == 0);
  CHECK(app.scalar("select objects from storage.usage where user_id = $1", {ada.str()}) == "0");
  app.run(listener.close());
}

TEST_CASE("a version that a row still references is not erased, even when the outbox orders it") {
  StorageApp app;
  const auto ada = app.sign_up();
  const auto object = store(app, "u_" + ada.str() + "/named.png", "named", ada);
  const auto free = stage(app, "free");
  pg::Config config;
  config.url = config.direct_url = support::env("TENON_TEST_URL");
  pg::Listener listener(app.loop, config);
  outbox::OutboxDispatcher dispatcher(app.loop, app.db(), listener, "test");
  storage::register_deliveries(dispatcher, app.storage());
  for (const std::string& version : {object.version, free.version})
    app.owner.query(
        "select tenon.outbox_put('storage', 'erase_version', null, jsonb_build_object('version', $1::text))",
        {version});
  app.run(dispatcher.drain());
  CHECK(app.files() == 1);
  CHECK(std::filesystem::exists(app.run(app.storage().local_path(object))));
  app.run(listener.close());
}

TEST_CASE("ping succeeds while the store can write, and only then") {
  StorageApp app;
  CHECK(app.run(app.storage().ping()));
  CHECK(app.temps() == 0);
  std::filesystem::remove_all(app.dir + "/store");
  std::ofstream(app.dir + "/store") << "a file where the folder should be";
  CHECK(!app.run(app.storage().ping()));
}

TEST_CASE("a local file is copied into the store, so its source may change afterwards") {
  StorageApp app;
  std::ofstream(app.dir + "/out.bin") << "result";
  const auto staged = app.run(app.storage().stage_file(app.dir + "/out.bin"));
  std::ofstream(app.dir + "/out.bin") << "changed";
  storage::Object object;
  object.version = staged.version;
  std::ifstream in(app.run(app.storage().local_path(object)));
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "result");
  CHECK(staged.size == 6);
  CHECK(staged.md5 == "b4a88417b3d0170d754c647c30b7216a");
}
