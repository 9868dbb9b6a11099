#include "projects/inputs.h"

#include <algorithm>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "projects/table.h"

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

// Starting a job locks this row too, so next_job_id cannot change before the inputs are written.
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

constexpr pg::Sql kSetFields{"projects.input_set_fields", R"sql(
  update public.assets a set meta = a.meta || new.fields::jsonb
    from unnest($3::uuid[], $4::text[]) as new(id, fields)
   where a.id = new.id and a.project_id = $1 and a.user_id = $2 and a.type = 'input'
  returning a.id, a.project_id, a.user_id, a.job_id, a.type::text, a.path, a.meta, a.created_at
)sql"};

struct Locked {
  core::JobId next_job;
  std::string status;
};

pg::As writer() { return pg::as_service("users may not write assets; this transaction verifies the owner"); }

// Account before project: the lock order of the schema. Somebody else's project is not found.
Task<Locked> lock_own(pg::Tx& tx, core::UserId user, core::ProjectId project) {
  const auto account = co_await tx.one<std::optional<core::Uuid>>(kLockAccount, user);
  if (!account) http::throw_not_found();
  const auto locked = co_await tx.maybe<Locked>(kLockProject, project, user);
  if (!locked) http::throw_not_found();
  co_return *locked;
}

std::string fields_json(const Fields& fields) {
  core::JsonWriter w;
  w.begin();
  for (const auto& [name, text] : fields) w.field(name, text);
  w.end();
  return w.take();
}

std::string meta_of(const InputRules& rules, const NewInput& file) {
  core::JsonWriter w;
  w.begin().field("name", file.name);
  for (const std::string& field : rules.fields) {
    const auto text = file.fields.find(field);
    w.field(field, text == file.fields.end() ? std::string() : text->second);
  }
  w.field("mime", file.type.mime).field("size", file.staged.size);
  if (file.type.width > 0) w.field("width", file.type.width).field("height", file.type.height);
  w.end();
  return w.take();
}

Task<std::vector<Asset>> write_all(pg::Tx& tx, Projects* projects, core::UserId user, core::ProjectId project,
                                   const std::vector<NewInput>& files) {
  const Locked locked = co_await lock_own(tx, user, project);
  const std::int64_t count = co_await tx.one<std::int64_t>(kCount, project, user);
  if (count + static_cast<std::int64_t>(files.size()) > projects->rules.most) throw too_many_inputs(projects->rules);
  const std::string folder = storage::job_folder(user, project, locked.next_job) + "inputs/";
  std::vector<Asset> assets;
  for (const NewInput& file : files) {
    const std::string key = folder + file.id.str() + "." + file.type.extension;
    co_await projects->storage.commit(tx, storage::kAssets, key, file.staged, file.type.mime, user);
    const std::string path = std::string(storage::kAssets) + "/" + key;
    const std::string meta = meta_of(projects->rules, file);
    assets.push_back(co_await tx.one<Asset>(kInsert, file.id, user, project, path, meta));
  }
  co_return assets;
}

Task<Project> write_new(pg::Tx& tx, Projects* projects, core::UserId user, const std::string& title,
                        const std::vector<NewInput>& files) {
  const std::string checked = checked_title(title);
  const Project project = co_await insert(tx, user, checked);
  co_await write_all(tx, projects, user, project.id, files);
  co_return project;
}

Task<> erase(pg::Tx& tx, storage::Storage* storage, core::UserId user, core::ProjectId project, core::AssetId id) {
  const Locked locked = co_await lock_own(tx, user, project);
  const auto asset = co_await tx.maybe<Asset>(kDelete, id, project, user);
  if (!asset) http::throw_not_found();
  if (locked.status == "processing") throw Refusal(409, "projects.job_running");
  co_await storage->remove(tx, asset->bucket(), asset->key());
}

Task<std::vector<Asset>> write_fields(pg::Tx& tx, core::UserId user, core::ProjectId project,
                                      const std::vector<core::Uuid>& ids, const std::vector<std::string>& fields) {
  co_await lock_own(tx, user, project);
  co_return co_await tx.many<Asset>(kSetFields, project, user, ids, fields);
}

}  // namespace

Task<std::vector<Asset>> inputs(pg::Db& db, core::UserId user, core::ProjectId project) {
  co_return co_await db.as(user).many<Asset>(kInputs, project, user);
}

Task<std::vector<Asset>> add(Projects& projects, core::UserId user, core::ProjectId project,
                             std::vector<NewInput> files) {
  auto writing = projects.db.in(writer(), write_all, &projects, user, project, files);
  auto assets = co_await kept_or_discarded(projects, files, std::move(writing));
  core::log::info("projects.inputs.added", {{"project", project}, {"files", assets.size()}});
  co_return assets;
}

Task<Project> create_with(Projects& projects, core::UserId user, std::string title, std::vector<NewInput> files) {
  if (files.empty()) co_return co_await create(projects, user, title);
  auto writing = projects.db.in(writer(), write_new, &projects, user, title, files);
  Project made = co_await kept_or_discarded(projects, files, std::move(writing));
  core::log::info("projects.inputs.added", {{"project", made.id}, {"files", files.size()}});
  co_return made;
}

Task<Asset> add_input(Projects& projects, core::UserId user, core::ProjectId project, std::string name, Fields fields,
                      std::string bytes) {
  NewInput file;
  file.id = core::AssetId::ordered();
  file.name = clean_name(name);
  for (const auto& [field, text] : fields) file.fields[field] = checked_field(field, text);
  const std::unique_ptr<InputCheck> check = projects.rules.accept(file.name);
  check->feed(bytes);
  file.type = check->finish();
  storage::Storage::Upload upload = projects.storage.upload(projects.rules.largest);
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

Task<Asset> set_fields(Projects& projects, core::UserId user, core::ProjectId project, core::AssetId asset,
                       Fields fields) {
  for (auto& [name, text] : fields) text = checked_field(name, text);
  const std::vector<core::Uuid> ids{asset.uuid()};
  const std::vector<std::string> texts{fields_json(fields)};
  const auto changed = co_await projects.db.in(writer(), write_fields, user, project, ids, texts);
  if (changed.empty()) http::throw_not_found();
  co_return changed.front();
}

Task<> save_fields(Projects& projects, ProjectInputs& held, const http::Request& rq) {
  const auto& form = rq.form();
  std::vector<core::Uuid> ids;
  std::vector<std::string> texts;
  for (const Asset& asset : held.inputs) {
    const core::Json meta = core::Json::parse(asset.meta.text).value_or(core::Json{});
    Fields changed;
    for (const std::string& field : projects.rules.fields) {
      const std::string name = field + "." + asset.id.str();
      const auto sent = std::ranges::find(form, name, &std::pair<std::string, std::string>::first);
      if (sent == form.end()) continue;
      std::string text = checked_field(field, sent->second);
      if (text != meta[field].string_or("")) changed[field] = std::move(text);
    }
    if (changed.empty()) continue;
    ids.push_back(asset.id.uuid());
    texts.push_back(fields_json(changed));
  }
  if (ids.empty()) co_return;
  const auto written = co_await projects.db.in(writer(), write_fields, held.project.user, held.project.id, ids, texts);
  for (const Asset& asset : written) {
    const auto old = std::ranges::find(held.inputs, asset.id, &Asset::id);
    if (old != held.inputs.end()) *old = asset;
  }
}

std::string checked_field(std::string_view field, std::string_view text) {
  std::string line(core::trim(text));
  for (char& c : line)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  const bool control = std::ranges::any_of(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!control && core::valid_utf8(line) && core::utf8_length(line) <= kLongestField) return line;
  Refusal refusal(400, "projects.invalid_field.limit", {{"longest", static_cast<std::int64_t>(kLongestField)}});
  refusal.code = "invalid_" + std::string(field);
  throw refusal;
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
  if (name.empty() || name == "." || name == "..") return "file";
  return name;
}

Refusal too_many_inputs(const InputRules& rules) {
  return Refusal(422, "projects.too_many_inputs.limit", {{"most", rules.most}});
}

}  // namespace projects
