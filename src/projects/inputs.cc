#include "projects/inputs.h"

#include <algorithm>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "projects/table.h"
#include "projects/trouble.h"

namespace projects {

namespace {

constexpr std::size_t kLongestName = 200;  // characters

constexpr pg::Sql kInputs{"projects.inputs", R"sql(
  select id, project_id, user_id, job_id, type::text, path, meta, created_at
    from public.assets where project_id = $1 and user_id = $2 and type = 'input'
   order by created_at, id
)sql"};

constexpr pg::Sql kLockAccount{"projects.account_lock", R"sql(
  select (tenon.lock_account($1)).user_id
)sql"};

// Whoever starts a job locks this row too, so next_job_id stays what it is until the inputs are there.
constexpr pg::Sql kLockProject{"projects.lock", R"sql(
  select next_job_id, status::text from public.projects where id = $1 and user_id = $2 for no key update
)sql"};

constexpr pg::Sql kCount{"projects.inputs_count", R"sql(
  select count(*) from public.assets where project_id = $1 and user_id = $2 and type = 'input'
)sql"};

constexpr pg::Sql kInsert{"projects.input_insert", R"sql(
  insert into public.assets (id, user_id, project_id, type, path, meta, created_at)
  values ($1, $2, $3, 'input', $4, $5::jsonb, clock_timestamp())
  returning id, project_id, user_id, job_id, type::text, path, meta, created_at
)sql"};

constexpr pg::Sql kDelete{"projects.input_delete", R"sql(
  delete from public.assets where id = $1 and project_id = $2 and user_id = $3 and type = 'input'
  returning id, project_id, user_id, job_id, type::text, path, meta, created_at
)sql"};

constexpr pg::Sql kSetCaption{"projects.input_set_caption", R"sql(
  update public.assets set meta = jsonb_set(meta, '{caption}', to_jsonb($4::text))
   where id = $1 and project_id = $2 and user_id = $3 and type = 'input'
  returning id, project_id, user_id, job_id, type::text, path, meta, created_at
)sql"};

struct Locked {
  core::JobId next_job;
  std::string status;
};

pg::As writer() { return pg::as_service("users may not write assets; the project's owner is proved in here"); }

// Account before project: the lock order of the schema. Another's project is no project.
Task<Locked> lock_own(pg::Tx& tx, core::UserId user, core::ProjectId project) {
  const auto account = co_await tx.one<std::optional<core::Uuid>>(kLockAccount, user);
  if (!account) http::throw_not_found();
  const auto locked = co_await tx.maybe<Locked>(kLockProject, project, user);
  if (!locked) http::throw_not_found();
  co_return *locked;
}

std::string meta_of(const NewInput& file) {
  core::JsonWriter w;
  w.begin().field("name", file.name).field("caption", file.caption);
  w.field("mime", mime_of(file.picture.format)).field("size", file.staged.size);
  w.field("width", file.picture.width).field("height", file.picture.height).end();
  return w.take();
}

Task<std::vector<Asset>> write_all(pg::Tx& tx, storage::Storage* storage, core::UserId user, core::ProjectId project,
                                   const std::vector<NewInput>& files) {
  const Locked locked = co_await lock_own(tx, user, project);
  const std::int64_t count = co_await tx.one<std::int64_t>(kCount, project, user);
  if (count + static_cast<std::int64_t>(files.size()) > kMostInputs) throw trouble(422, "too_many_inputs");
  const std::string folder = storage::job_folder(user, project, locked.next_job) + "inputs/";
  std::vector<Asset> assets;
  for (const NewInput& file : files) {
    const std::string key = folder + file.id.str() + "." + std::string(extension_of(file.picture.format));
    const std::string_view mime = mime_of(file.picture.format);
    co_await storage->commit(tx, storage::kAssets, key, file.staged, mime, user);
    const std::string path = std::string(storage::kAssets) + "/" + key;
    const std::string meta = meta_of(file);
    assets.push_back(co_await tx.one<Asset>(kInsert, file.id, user, project, path, meta));
  }
  co_return assets;
}

Task<Project> write_new(pg::Tx& tx, storage::Storage* storage, core::UserId user, const std::string& title,
                        const std::vector<NewInput>& files) {
  const std::string checked = checked_title(title);
  const Project project = co_await insert(tx, user, checked);
  co_await write_all(tx, storage, user, project.id, files);
  co_return project;
}

Task<> erase(pg::Tx& tx, storage::Storage* storage, core::UserId user, core::ProjectId project, core::AssetId id) {
  const Locked locked = co_await lock_own(tx, user, project);
  const auto asset = co_await tx.maybe<Asset>(kDelete, id, project, user);
  if (!asset) http::throw_not_found();
  if (locked.status == "processing") throw trouble(409, "job_running");
  co_await storage->remove(tx, asset->bucket(), asset->key());
}

Task<Asset> write_caption(pg::Tx& tx, core::UserId user, core::ProjectId project, core::AssetId id,
                          const std::string& caption) {
  co_await lock_own(tx, user, project);
  const auto asset = co_await tx.maybe<Asset>(kSetCaption, id, project, user, caption);
  if (!asset) http::throw_not_found();
  co_return *asset;
}

}  // namespace

Task<std::vector<Asset>> inputs(pg::Db& db, core::UserId user, core::ProjectId project) {
  co_return co_await db.as(user).many<Asset>(kInputs, project, user);
}

Task<std::vector<Asset>> add(Projects& projects, core::UserId user, core::ProjectId project,
                             std::vector<NewInput> files) {
  auto writing = projects.db.in(writer(), write_all, &projects.storage, user, project, files);
  auto assets = co_await kept_or_discarded(projects, files, std::move(writing));
  core::log::info("projects.inputs.added", {{"project", project}, {"files", assets.size()}});
  co_return assets;
}

Task<Project> create_with(Projects& projects, core::UserId user, std::string title, std::vector<NewInput> files) {
  if (files.empty()) co_return co_await create(projects, user, title);
  auto writing = projects.db.in(writer(), write_new, &projects.storage, user, title, files);
  Project made = co_await kept_or_discarded(projects, files, std::move(writing));
  core::log::info("projects.inputs.added", {{"project", made.id}, {"files", files.size()}});
  co_return made;
}

Task<Asset> add_input(Projects& projects, core::UserId user, core::ProjectId project, std::string name,
                      std::string caption, std::string bytes) {
  NewInput file;
  file.id = core::AssetId::ordered();
  file.name = clean_name(name);
  file.caption = checked_caption(caption);
  ImageHead head;
  head.feed(bytes);
  if (!head.picture()) throw refused_file(415, "unsupported_image", file.name);
  file.picture = *head.picture();
  check_pixels(file.picture, file.name);
  storage::Storage::Upload upload = projects.storage.upload(kLargestFile);
  co_await upload.write(bytes);
  file.staged = co_await upload.finish();
  std::vector<NewInput> files{std::move(file)};
  const auto assets = co_await add(projects, user, project, std::move(files));
  co_return assets.front();
}

Task<> remove(Projects& projects, core::UserId user, core::ProjectId project, core::AssetId asset) {
  co_await projects.db.in(writer(), erase, &projects.storage, user, project, asset);
  core::log::info("projects.input.removed", {{"project", project}, {"asset", asset}});
}

Task<Asset> set_caption(Projects& projects, core::UserId user, core::ProjectId project, core::AssetId asset,
                        std::string caption) {
  const std::string checked = checked_caption(caption);
  co_return co_await projects.db.in(writer(), write_caption, user, project, asset, checked);
}

Task<> save_captions(Projects& projects, core::UserId user, core::ProjectId project, const http::Request& rq) {
  constexpr std::string_view kField = "caption.";
  const auto& fields = rq.form();
  const std::vector<Asset> stored = co_await inputs(projects.db, user, project);
  std::vector<std::pair<core::AssetId, std::string>> changed;
  for (const Asset& asset : stored) {
    const std::string name = std::string(kField) + asset.id.str();
    const auto field = std::ranges::find(fields, name, &std::pair<std::string, std::string>::first);
    if (field == fields.end()) continue;
    std::string line = checked_caption(field->second);
    const core::Json meta = core::Json::parse(asset.meta.text).value_or(core::Json{});
    if (line != meta["caption"].string_or("")) changed.emplace_back(asset.id, std::move(line));
  }
  for (const auto& [asset, line] : changed)
    co_await projects.db.in(writer(), write_caption, user, project, asset, line);
}

std::string checked_caption(std::string_view caption) {
  std::string line(core::trim(caption));
  for (char& c : line)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  const bool control = std::ranges::any_of(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (control || !core::valid_utf8(line) || core::utf8_length(line) > kLongestCaption)
    throw trouble(400, "invalid_caption");
  return line;
}

std::string clean_name(std::string_view filename) {
  const std::size_t cut = filename.find_last_of("/\\");
  if (cut != std::string_view::npos) filename.remove_prefix(cut + 1);
  std::string name;
  if (core::valid_utf8(filename))
    for (const char c : filename)
      if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) name += c;
  name = std::string(core::trim(name));
  while (core::utf8_length(name) > kLongestName) {
    do name.pop_back();
    while (!core::valid_utf8(name));
  }
  if (name.empty() || name == "." || name == "..") return "photo";
  return name;
}

void check_pixels(const Picture& picture, const std::string& name) {
  if (picture.width > kMostPixels || picture.height > kMostPixels || picture.width * picture.height > kMostPixels)
    throw refused_file(422, "image_too_large", name);
}

}  // namespace projects
