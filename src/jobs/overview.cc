#include "jobs/overview.h"

namespace jobs {

namespace {
constexpr pg::Sql kUnfinished{"jobs.unfinished", R"sql(
  select j.id, j.project_id, p.title, j.status::text, j.progress
    from public.jobs j
    join public.projects p on p.id = j.project_id and p.user_id = j.user_id
   where j.user_id = $1 and j.status in ('QUEUED', 'PROCESSING')
   order by j.created_at desc, j.id desc
   limit $2
)sql"};
}  // namespace

core::Task<std::vector<Unfinished>> unfinished(pg::Db& db, core::UserId user, std::int64_t n) {
  co_return co_await db.as(user).many<Unfinished>(kUnfinished, user, n);
}

}  // namespace jobs
