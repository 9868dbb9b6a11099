-- The data of users: projects, their jobs, the steps of a job, files. A row refers only to rows of the same user: parents
-- carry unique (id, user_id), children a composite foreign key. The key to auth.users comes first in each table,
-- because foreign keys are checked in that order and users come first in the lock order.

create table public.projects (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  title text not null check (char_length(title) between 1 and 200 and btrim(title) <> ''),
  status public.project_status not null default 'draft',
  next_job_id uuid not null default gen_random_uuid(),  -- files uploaded now belong to the job of this id
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (id, user_id)
);
create index projects_user_created_idx on public.projects (user_id, created_at desc, id desc);
create index projects_ready_idx on public.projects (user_id) where status = 'ready';
alter table public.projects enable row level security;
revoke all on public.projects from public, anon, authenticated, service_role;
create policy service_all on public.projects to service_role using (true) with check (true);
create policy projects_select_own on public.projects for select to authenticated
  using ((select auth.uid()) = user_id);
create policy projects_insert_own on public.projects for insert to authenticated
  with check ((select auth.uid()) = user_id);
create policy projects_update_own on public.projects for update to authenticated
  using ((select auth.uid()) = user_id) with check ((select auth.uid()) = user_id);
create policy projects_delete_own on public.projects for delete to authenticated
  using ((select auth.uid()) = user_id);
grant select, delete on public.projects to authenticated;
grant insert (user_id, title), update (title) on public.projects to authenticated;
grant select, insert, update, delete on public.projects to service_role;

-- A lane is a kind of work with its own limits. Jobs of a pipeline use the lane 'pipeline' by default.
create table tenon.lanes (
  id smallint primary key,
  name text not null unique check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
  cap int check (cap >= 0),                                    -- running jobs in all; null: no limit
  tenant_cap int not null default 4 check (tenant_cap > 0),    -- admitted jobs of one user
  burst boolean not null default true,                         -- an idle lane may exceed tenant_cap
  paused boolean not null default false,
  for_any_worker boolean not null default true,                -- public.claim_next_job may take from it
  max_attempts int not null default 3 check (max_attempts > 0),
  vtime bigint not null default 0                              -- virtual time, see db/README.md "The queue"
) with (fillfactor = 20);
grant select, insert, update, delete on tenon.lanes to service_role;
insert into tenon.lanes (id, name) values (1, 'pipeline');

create table public.jobs (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  project_id uuid not null,
  status public.job_status not null default 'QUEUED',
  progress int not null default 0 check (progress between 0 and 100),
  error_code text check (char_length(error_code) <= 100),
  error_message text check (char_length(error_message) <= 4000),
  error_params jsonb not null default '{}' check (jsonb_typeof(error_params) = 'object'),  -- parameters of error_code
  claimed_at timestamptz,
  claimed_by text check (char_length(claimed_by) <= 200),
  started_at timestamptz,
  finished_at timestamptz,
  cost_credits_reserved int not null default 0 check (cost_credits_reserved >= 0),
  cost_credits_final int not null default 0 check (cost_credits_final >= 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  lane smallint not null default 1 references tenon.lanes (id),
  pipeline text not null default 'default' check (char_length(pipeline) between 1 and 100),
  input jsonb not null default '{}',
  band smallint not null default 1 check (band between 0 and 2),  -- priority; 0 first
  run_at timestamptz,                                             -- not before; null: now
  unique_key text check (char_length(unique_key) <= 200),         -- one unfinished job per user, pipeline and key
  attempt int not null default 0,
  fence bigint not null default 0,      -- fencing token: raised whenever the job changes hands
  lease_id bigint,                      -- the worker's lease; null while a worker without one holds the job
  slot boolean not null default false,  -- counts against the user's share of the lane
  crashes int not null default 0,       -- attempts that ended with the death of their worker
  cancel_requested_at timestamptz,
  retry_of uuid,
  settled_at timestamptz,               -- when its credits were settled, once
  cost_shortfall int not null default 0 check (cost_shortfall >= 0),  -- cost beyond the reservation, not charged
  metering jsonb not null default '{}',
  unique (id, user_id),
  constraint jobs_project_id_fkey foreign key (project_id, user_id)
    references public.projects (id, user_id) on delete cascade
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01);
create index jobs_status_created_idx on public.jobs (status, created_at);
create index jobs_user_created_idx on public.jobs (user_id, created_at desc, id desc);
create index jobs_project_idx on public.jobs (project_id, user_id);
create index jobs_lease_idx on public.jobs (lease_id) where lease_id is not null;
create index jobs_lane_slot_idx on public.jobs (lane) where slot;
create index jobs_foreign_idx on public.jobs (updated_at) where status = 'PROCESSING' and lease_id is null;
create index jobs_unfinished_idx on public.jobs (project_id) where status in ('QUEUED', 'PROCESSING');
create index jobs_unrested_idx on public.jobs (finished_at)
  where status in ('READY', 'FAILED') and (settled_at is null or slot);
create unique index jobs_unique_key_idx on public.jobs (user_id, pipeline, unique_key)
  where unique_key is not null and status in ('QUEUED', 'PROCESSING');
alter table public.jobs enable row level security;
revoke all on public.jobs from public, anon, authenticated, service_role;
create policy service_all on public.jobs to service_role using (true) with check (true);
create policy jobs_select_own on public.jobs for select to authenticated using ((select auth.uid()) = user_id);
grant select on public.jobs to authenticated;
grant select, insert, update, delete on public.jobs to service_role;

create table public.job_steps (
  job_id uuid not null,
  user_id uuid not null,
  n int not null check (n >= 0),
  name text not null check (char_length(name) between 1 and 100),
  state text not null default 'running' check (state in ('running', 'done', 'failed', 'skipped')),
  attempt int not null default 1,
  output jsonb,
  error_code text check (char_length(error_code) <= 100),
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  cpu_ms bigint,
  peak_kb bigint,
  bytes_in bigint,
  bytes_out bigint,
  credits int,
  primary key (job_id, n),
  constraint job_steps_job_id_fkey foreign key (job_id, user_id) references public.jobs (id, user_id) on delete cascade
);
create index job_steps_user_idx on public.job_steps (user_id, job_id);
alter table public.job_steps enable row level security;
revoke all on public.job_steps from public, anon, authenticated, service_role;
create policy service_all on public.job_steps to service_role using (true) with check (true);
create policy job_steps_select_own on public.job_steps for select to authenticated
  using ((select auth.uid()) = user_id);
grant select on public.job_steps to authenticated;
grant select, insert, update, delete on public.job_steps to service_role;

-- A file in storage. `path` is bucket/key. An input without a job_id waits for the project's next job.
create table public.assets (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  project_id uuid not null,
  job_id uuid,
  type public.asset_type not null,
  path text not null check (
    octet_length(path) <= 1200 and path ~ '^[^/]+(/[^/]+)+$' and path !~ '(^|/)\.{1,2}(/|$)'
    and path !~ '[\\[:cntrl:]]'),
  meta jsonb not null default '{}',
  created_at timestamptz not null default now(),
  constraint assets_project_id_fkey foreign key (project_id, user_id)
    references public.projects (id, user_id) on delete cascade,
  constraint assets_job_id_fkey foreign key (job_id, user_id)
    references public.jobs (id, user_id) on delete set null (job_id)
);
create unique index assets_job_path_idx on public.assets (job_id, path) where job_id is not null;
create index assets_project_idx on public.assets (project_id, user_id);
create index assets_user_created_idx on public.assets (user_id, created_at desc, id desc);
alter table public.assets enable row level security;
revoke all on public.assets from public, anon, authenticated, service_role;
create policy service_all on public.assets to service_role using (true) with check (true);
create policy assets_select_own on public.assets for select to authenticated using ((select auth.uid()) = user_id);
grant select on public.assets to authenticated;
grant select, insert, update, delete on public.assets to service_role;

create table public.usage_daily (
  user_id uuid not null references auth.users (id) on delete cascade,
  day date not null,
  metric text not null check (char_length(metric) between 1 and 60),
  amount bigint not null default 0,
  primary key (user_id, day, metric)
);
alter table public.usage_daily enable row level security;
revoke all on public.usage_daily from public, anon, authenticated, service_role;
create policy service_all on public.usage_daily to service_role using (true) with check (true);
create policy usage_daily_select_own on public.usage_daily for select to authenticated
  using ((select auth.uid()) = user_id);
grant select on public.usage_daily to authenticated;
grant select, insert, update, delete on public.usage_daily to service_role;
