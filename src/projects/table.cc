#include "projects/table.h"

#include <algorithm>
#include <array>

#include "core/crypto.h"
#include "core/text.h"
#include "pg/error.h"

namespace projects {

namespace {

constexpr std::array<std::string_view, 4> kStatuses{"draft", "processing", "ready", "failed"};
constexpr std::size_t kLongestSearch = 200;

struct Position {  // of a row in the list
  core::Time created_at;
  core::ProjectId id;
};

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::string cursor_of(const Project& last) {
  return core::base64url(core::rfc3339(last.created_at) + " " + last.id.str());
}

// Newest first: the first page starts beyond the last possible time.
Position first_position() {
  const auto id = core::ProjectId::parse("ffffffff-ffff-ffff-ffff-ffffffffffff");
  return Position{*core::parse_rfc3339("9999-12-31T23:59:59.000000Z"), *id};
}

Position position_of(const std::string& cursor) {
  if (cursor.empty()) return first_position();
  const auto text = core::unbase64url(cursor);
  const std::size_t cut = text ? text->find(' ') : std::string::npos;
  if (cut == std::string::npos) throw Refusal(400, "projects.invalid_cursor");
  const auto at = core::parse_rfc3339(std::string_view(*text).substr(0, cut));
  const auto id = core::ProjectId::parse(std::string_view(*text).substr(cut + 1));
  if (!at || !id) throw Refusal(400, "projects.invalid_cursor");
  return Position{*at, *id};
}

// For LIKE: the search text is matched literally.
std::string pattern_of(std::string_view text) {
  std::string out = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

void check(const Filter& filter) {
  if (filter.limit < 1 || filter.limit > kLargestPage) throw Refusal(400, "projects.invalid_limit");
  if (!filter.status.empty() && std::ranges::find(kStatuses, filter.status) == kStatuses.end())
    throw Refusal(400, "projects.invalid_status");
  if (!core::valid_utf8(filter.text) || has_control(filter.text) || core::utf8_length(filter.text) > kLongestSearch)
    throw Refusal(400, "projects.invalid_search");
}

constexpr pg::Sql kList{"projects.list", R"sql(
  select id, user_id, title, status::text, next_job_id, created_at, updated_at
    from public.projects
   where user_id = $1 and (created_at, id) < ($2, $3)
   order by created_at desc, id desc
   limit $4
)sql"};

constexpr pg::Sql kAnyReady{"projects.any_ready", R"sql(
  select exists (select from public.projects where user_id = $1 and status = 'ready')
)sql"};

constexpr pg::Sql kListFiltered{"projects.list_filtered", R"sql(
  select id, user_id, title, status::text, next_job_id, created_at, updated_at
    from public.projects
   where user_id = $1 and (created_at, id) < ($2, $3)
     and ($5::text = '' or status::text = $5) and title ilike $6
   order by created_at desc, id desc
   limit $4
)sql"};

}  // namespace

Task<Page> list(pg::Db& db, core::UserId user, const Filter& filter) {
  check(filter);
  const Position from = position_of(filter.after);
  const bool plain = filter.status.empty() && filter.text.empty();
  const std::int64_t wanted = filter.limit + 1;  // one more shows whether another page follows
  Page page;
  if (plain) {
    page.items = co_await db.as(user).many<Project>(kList, user, from.created_at, from.id, wanted);
  } else {
    const std::string pattern = pattern_of(filter.text);
    page.items = co_await db.as(user).many<Project>(kListFiltered, user, from.created_at, from.id, wanted,
                                                    filter.status, pattern);
  }
  if (static_cast<std::int64_t>(page.items.size()) < wanted) co_return page;
  page.items.pop_back();
  page.next = cursor_of(page.items.back());
  co_return page;
}

Task<std::vector<ProjectSummary>> recent(pg::Db& db, core::UserId user, std::int64_t n) {
  const Position from = first_position();
  co_return co_await db.as(user).many<Project>(kList, user, from.created_at, from.id, n);
}

Task<bool> any_ready(pg::Db& db, core::UserId user) { co_return co_await db.as(user).one<bool>(kAnyReady, user); }

namespace {

constexpr pg::Sql kFind{"projects.find", R"sql(
  select id, user_id, title, status::text, next_job_id, created_at, updated_at
    from public.projects where id = $1 and user_id = $2
)sql"};

constexpr pg::Sql kFindWithInputs{"projects.find_with_inputs", R"sql(
  select p.id, p.user_id, p.title, p.status::text, p.next_job_id, p.created_at, p.updated_at,
         a.id, a.job_id, a.path, a.meta, a.created_at
    from public.projects p
    left join public.assets a on a.project_id = p.id and a.user_id = p.user_id and a.type = 'input'
   where p.id = $1 and p.user_id = $2
   order by a.created_at, a.id
)sql"};
struct ProjectAndInput {  // in select order; without inputs the last five are null
  core::ProjectId id;
  core::UserId user;
  std::string title;
  std::string status;
  core::JobId next_job;
  core::Time created_at;
  core::Time updated_at;
  std::optional<core::AssetId> asset;
  std::optional<core::JobId> job;
  std::optional<std::string> path;
  std::optional<pg::Json> meta;
  std::optional<core::Time> uploaded_at;
};

constexpr pg::Sql kInsert{"projects.insert", R"sql(
  insert into public.projects (user_id, title) values ($1, $2)
  returning id, user_id, title, status::text, next_job_id, created_at, updated_at
)sql"};

constexpr pg::Sql kRename{"projects.rename", R"sql(
  update public.projects set title = $3 where id = $1 and user_id = $2
  returning id, user_id, title, status::text, next_job_id, created_at, updated_at
)sql"};

constexpr pg::Sql kDelete{"projects.delete", R"sql(
  delete from public.projects where id = $1 and user_id = $2
)sql"};

}  // namespace

std::string checked_title(std::string_view title) {
  title = core::trim(title);
  if (title.empty() || !core::valid_utf8(title) || has_control(title) || core::utf8_length(title) > kLongestTitle)
    throw Refusal(400, "projects.invalid_title");
  return std::string(title);
}

Task<std::optional<Project>> find(pg::Db& db, core::UserId user, core::ProjectId id) {
  co_return co_await db.as(user).maybe<Project>(kFind, id, user);
}

Task<std::optional<ProjectInputs>> find_with_inputs(pg::Db& db, core::UserId user, core::ProjectId id) {
  const auto rows = co_await db.as(user).many<ProjectAndInput>(kFindWithInputs, id, user);
  if (rows.empty()) co_return std::nullopt;
  const ProjectAndInput& p = rows.front();
  ProjectInputs held{{p.id, p.user, p.title, p.status, p.next_job, p.created_at, p.updated_at}, {}};
  for (const ProjectAndInput& row : rows)
    if (row.asset)
      held.inputs.push_back({*row.asset, row.id, row.user, row.job, "input", *row.path, *row.meta, *row.uploaded_at});
  co_return held;
}

Task<Project> create(Projects& projects, core::UserId user, std::string title) {
  const std::string checked = checked_title(title);
  co_return co_await projects.db.as(user).one<Project>(kInsert, user, checked);
}

Task<Project> insert(pg::Tx& tx, core::UserId user, const std::string& title) {
  co_return co_await tx.one<Project>(kInsert, user, title);
}

Task<std::optional<Project>> rename(pg::Db& db, core::UserId user, core::ProjectId id, const std::string& title) {
  const std::string checked = checked_title(title);
  co_return co_await db.as(user).maybe<Project>(kRename, id, user, checked);
}

Task<Removal> remove(pg::Db& db, core::UserId user, core::ProjectId id) {
  try {
    const std::int64_t gone = co_await db.as(user).run(kDelete, id, user);
    co_return gone == 1 ? Removal::done : Removal::no_project;
  } catch (const pg::Error& e) {
    if (e.sqlstate != "PT409") throw;
  }
  co_return Removal::job_running;
}

}  // namespace projects
