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

constexpr pg::Sql kSpent{"jobs.spent_by_day", R"sql(
  with mine as (
    select (created_at at time zone 'UTC')::date as day, cost_credits_final as cost from public.jobs
     where user_id = $1 and created_at >= now() - make_interval(days => $2)
     order by created_at desc, id desc limit 5000)
  select coalesce(sum(m.cost), 0)::bigint
    from generate_series(0, $2 - 1) as ago
    left join mine m on m.day = (now() at time zone 'UTC')::date - ago
   group by ago order by ago desc
)sql"};
}  // namespace

core::Task<std::vector<std::int64_t>> spent_by_day(pg::Db& db, core::UserId user, std::int32_t days) {
  co_return co_await db.as(user).many<std::int64_t>(kSpent, user, days);
}

core::Task<std::vector<Unfinished>> unfinished(pg::Db& db, core::UserId user, std::int64_t n) {
  co_return co_await db.as(user).many<Unfinished>(kUnfinished, user, n);
}

}  // namespace jobs
