-- The job queue: fair, capped, claimed in one index scan.
--
-- Admission. A tenant has at most cap rows admitted (ready or running) per lane; its further jobs are parked, and the
-- transaction that frees a slot admits the next one. So the ready set stays small and caps cost a claim nothing. Each
-- admitted job gets a virtual start time, max(lane's vtime, tenant's vfinish), and claims go by (band, vtime).
--
-- Locks are taken in this order and no other:
--   lease, auth.users (key share), credit_accounts, projects, [insert of a job], tenant_lanes, jobs, payments,
--   ready / parked / timers, inserts (ledger, mail, outbox, audit).
-- One transaction locks one user's objects only. A claim waits for nothing: it skips ready rows and job rows that are
-- locked. Housekeeping skips what is busy and comes back. Whoever holds a job row may delete its ready row. A trigger
-- that would have to lock upwards takes what is free and leaves the rest to settle_stragglers().
--
-- Columns of jobs that carry money or slots change only where a function sets tenon.internal around its statement (a
-- function's own SET clause would need a superuser); a plain update of status (a worker written elsewhere) is
-- understood by the triggers.
--
-- One file, because tables, triggers and the order of locks are understood only together.

create table tenon.tenant_lanes (
  user_id uuid not null,
  lane smallint not null,
  weight int not null default 10 check (weight between 1 and 100),
  vfinish bigint not null default 0,
  last_seq bigint not null default 0,
  admitted int not null default 0,
  cap int check (cap > 0),
  primary key (user_id, lane)
) with (fillfactor = 50);

-- seq is the job's created_at in microseconds; it orders a tenant's own jobs, job_id breaks ties.
create table tenon.job_ready (
  lane smallint not null,
  band smallint not null,
  vtime bigint not null,
  seq bigint not null,
  job_id uuid not null unique,
  user_id uuid not null,
  primary key (lane, band, vtime, seq, job_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

create table tenon.job_parked (
  lane smallint not null,
  user_id uuid not null,
  band smallint not null,
  seq bigint not null,
  job_id uuid not null unique,
  primary key (lane, user_id, band, seq, job_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
create index job_parked_oldest_idx on tenon.job_parked (lane, band, seq);

create table tenon.job_timers (
  job_id uuid primary key,
  run_at timestamptz not null,
  lane smallint not null,
  user_id uuid not null,
  band smallint not null,
  seq bigint not null
);
create index job_timers_run_at_idx on tenon.job_timers (run_at);

create table tenon.leases (
  id bigint generated always as identity primary key,
  worker text not null check (char_length(worker) <= 200),
  host text not null default '' check (char_length(host) <= 255),
  seconds int not null check (seconds between 1 and 86400),
  expires_at timestamptz not null,
  opened_at timestamptz not null default now()
) with (fillfactor = 20);
create index leases_expires_at_idx on tenon.leases (expires_at);

grant select, insert, update, delete
  on tenon.tenant_lanes, tenon.job_ready, tenon.job_parked, tenon.job_timers, tenon.leases to service_role;

create function tenon.internal() returns boolean language sql stable set search_path = '' as $$
  select coalesce(current_setting('tenon.internal', true), '') = 'on'
$$;

create function tenon.job_seq(p_created timestamptz) returns bigint language sql immutable set search_path = '' as $$
  select (extract(epoch from p_created) * 1000000)::bigint
$$;

create function tenon.tier_weight(p_tier text) returns int language sql immutable set search_path = '' as $$
  select case p_tier when 'starter' then 20 when 'pro' then 40 when 'enterprise' then 80 else 10 end
$$;

create function tenon.lane_id(p_name text) returns smallint
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id smallint;
begin
  select id into v_id from tenon.lanes where name = p_name;
  if not found then
    raise exception 'No such lane' using errcode = '22023';
  end if;
  return v_id;
end
$$;

create function tenon.lock_tenant(p_user uuid, p_lane smallint, p_skip boolean default false)
returns tenon.tenant_lanes language plpgsql security definer set search_path = '' as $$
declare
  v_row tenon.tenant_lanes;
begin
  if not exists (select from tenon.tenant_lanes where user_id = p_user and lane = p_lane) then
    insert into tenon.tenant_lanes (user_id, lane, weight)
    values (p_user, p_lane, tenon.tier_weight((select subscription_tier from public.profiles where id = p_user)))
    on conflict (user_id, lane) do nothing;
  end if;
  if p_skip then
    select * into v_row from tenon.tenant_lanes where user_id = p_user and lane = p_lane for no key update skip locked;
  else
    select * into v_row from tenon.tenant_lanes where user_id = p_user and lane = p_lane for no key update;
  end if;
  if v_row.user_id is null then
    return null;
  end if;
  return v_row;
end
$$;

create function tenon.lock_for_job(p_job uuid, p_skip boolean default false) returns public.jobs
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  select * into v_job from public.jobs where id = p_job;
  if not found then
    return null;
  end if;
  if p_skip then
    perform 1 from auth.users where id = v_job.user_id for key share skip locked;
    if not found then return null; end if;
    perform 1 from public.credit_accounts where user_id = v_job.user_id for no key update skip locked;
    if not found then return null; end if;
    perform 1 from public.projects where id = v_job.project_id for no key update skip locked;
    if not found then return null; end if;
    if (tenon.lock_tenant(v_job.user_id, v_job.lane, true)).user_id is null then return null; end if;
    select * into v_job from public.jobs where id = p_job for no key update skip locked;
  else
    perform tenon.lock_account(v_job.user_id);
    perform 1 from public.projects where id = v_job.project_id for no key update;
    perform tenon.lock_tenant(v_job.user_id, v_job.lane);
    select * into v_job from public.jobs where id = p_job for no key update;
  end if;
  if not found then
    return null;
  end if;
  return v_job;
end
$$;

-- Needs the tenant_lanes row locked. p_over admits that many above the cap.
create function tenon.admit_parked(p_user uuid, p_lane smallint, p_over int default 0) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_tenant tenon.tenant_lanes;
  v_lane tenon.lanes;
  v_next tenon.job_parked;
  v_room int;
  v_count int := 0;
begin
  select * into v_tenant from tenon.tenant_lanes where user_id = p_user and lane = p_lane;
  select * into v_lane from tenon.lanes where id = p_lane;
  v_room := greatest(coalesce(v_tenant.cap, v_lane.tenant_cap) - v_tenant.admitted, 0) + p_over;
  if v_room <= 0 then
    return 0;
  end if;
  for v_next in
    select * from tenon.job_parked where lane = p_lane and user_id = p_user order by band, seq, job_id limit v_room
  loop
    v_tenant.vfinish := greatest(v_lane.vtime, v_tenant.vfinish);
    insert into tenon.job_ready (lane, band, vtime, seq, job_id, user_id)
    values (p_lane, v_next.band, v_tenant.vfinish, v_next.seq, v_next.job_id, p_user);
    delete from tenon.job_parked where job_id = v_next.job_id;
    v_tenant.vfinish := v_tenant.vfinish + 1000000 / v_tenant.weight;
    v_tenant.last_seq := greatest(v_tenant.last_seq, v_next.seq);
    v_count := v_count + 1;
  end loop;
  if v_count > 0 then
    update tenon.tenant_lanes
       set admitted = admitted + v_count, vfinish = v_tenant.vfinish, last_seq = v_tenant.last_seq
     where user_id = p_user and lane = p_lane;
  end if;
  return v_count;
end
$$;

-- Needs the tenant_lanes row locked. Takes the tenant's ready rows back, so that an older job can go before them.
create function tenon.unadmit(p_user uuid, p_lane smallint) returns void
language plpgsql security definer set search_path = '' as $$
begin
  with held as (
    select job_id from tenon.job_ready where lane = p_lane and user_id = p_user for update skip locked
  ), gone as (
    delete from tenon.job_ready r using held h where r.job_id = h.job_id returning r.*
  ), back as (
    insert into tenon.job_parked (lane, user_id, band, seq, job_id) select lane, user_id, band, seq, job_id from gone
  ), told as (
    select count(*)::int as n, min(vtime) as vtime from gone
  )
  update tenon.tenant_lanes t
     set admitted = t.admitted - told.n, vfinish = least(t.vfinish, told.vtime)
    from told where t.user_id = p_user and t.lane = p_lane and told.n > 0;
end
$$;

create function tenon.notify_jobs(p_lane smallint) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if (select count(*) from (select from tenon.job_ready where lane = p_lane limit 20) as w) < 20 then
    perform pg_notify('tenon_jobs', (select name from tenon.lanes where id = p_lane));
  end if;
end
$$;

-- Any insert is served, whoever wrote it.
create function tenon.jobs_before_insert() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  perform 1 from auth.users where id = new.user_id for key share;
  if not tenon.internal() then
    if new.cost_credits_reserved <> 0 or new.cost_credits_final <> 0 then
      raise exception 'Credits of a job are moved by reserve_credits and finalize_credits' using errcode = '42501';
    end if;
    new.slot := false;
    new.lease_id := null;
    new.settled_at := null;
    new.fence := 0;
    new.cost_shortfall := 0;
  end if;
  new.error_message := left(new.error_message, 4000);
  if new.status in ('READY', 'FAILED') then
    new.finished_at := coalesce(new.finished_at, now());
    new.settled_at := now();
  end if;
  return new;
end
$$;
create trigger fill before insert on public.jobs for each row execute function tenon.jobs_before_insert();

create function tenon.jobs_after_insert() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  g record;
  v_tenant tenon.tenant_lanes;
begin
  for g in
    select n.user_id, n.lane, min(tenon.job_seq(n.created_at)) as oldest,
           count(*) filter (where n.status = 'QUEUED' and coalesce(n.run_at, now()) <= now()) as due,
           count(*) filter (where n.status = 'PROCESSING') as taken
      from new_jobs n where n.status in ('QUEUED', 'PROCESSING') group by n.user_id, n.lane order by n.user_id, n.lane
  loop
    v_tenant := tenon.lock_tenant(g.user_id, g.lane);
    insert into tenon.job_timers (job_id, run_at, lane, user_id, band, seq)
    select n.id, n.run_at, n.lane, n.user_id, n.band, tenon.job_seq(n.created_at)
      from new_jobs n where n.user_id = g.user_id and n.lane = g.lane and n.status = 'QUEUED' and n.run_at > now();
    if g.taken > 0 then
      perform set_config('tenon.internal', 'on', true);
      update public.jobs set slot = true
       where id in (select n.id from new_jobs n
                     where n.user_id = g.user_id and n.lane = g.lane and n.status = 'PROCESSING');
      perform set_config('tenon.internal', '', true);
      update tenon.tenant_lanes set admitted = admitted + g.taken where user_id = g.user_id and lane = g.lane;
    end if;
    if g.due > 0 then
      insert into tenon.job_parked (lane, user_id, band, seq, job_id)
      select n.lane, n.user_id, n.band, tenon.job_seq(n.created_at), n.id
        from new_jobs n
       where n.user_id = g.user_id and n.lane = g.lane and n.status = 'QUEUED' and coalesce(n.run_at, now()) <= now();
      if g.oldest < v_tenant.last_seq then
        perform tenon.unadmit(g.user_id, g.lane);
      end if;
      if tenon.admit_parked(g.user_id, g.lane) > 0 then
        perform tenon.notify_jobs(g.lane);
      end if;
    end if;
  end loop;
  return null;
end
$$;
create trigger admit after insert on public.jobs referencing new table as new_jobs
  for each statement execute function tenon.jobs_after_insert();

create function tenon.jobs_before_update() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  new.updated_at := now();
  if tenon.internal() then
    return new;
  end if;
  if (new.id, new.user_id, new.project_id, new.lane) is distinct from
     (old.id, old.user_id, old.project_id, old.lane) then
    raise exception 'A job keeps its id, owner, project and lane' using errcode = '42501';
  end if;
  if (new.cost_credits_reserved, new.cost_credits_final, new.cost_shortfall, new.settled_at, new.slot, new.lease_id)
     is distinct from
     (old.cost_credits_reserved, old.cost_credits_final, old.cost_shortfall, old.settled_at, old.slot, old.lease_id)
  then
    raise exception 'Credits and slot of a job are kept by functions' using errcode = '42501';
  end if;
  new.fence := old.fence;
  new.error_message := left(new.error_message, 4000);
  if new.status = old.status then
    return new;
  end if;
  if old.status in ('READY', 'FAILED') then
    raise exception 'The job is finished' using errcode = 'PT409';
  end if;

  if old.status = 'QUEUED' then
    -- Taken by hand: its place in the queue becomes a slot.
    delete from tenon.job_ready where job_id = old.id;
    if not found then
      if (tenon.lock_tenant(old.user_id, old.lane, true)).user_id is null then
        raise exception 'The queue is busy' using errcode = '40001';
      end if;
      delete from tenon.job_parked where job_id = old.id;
      delete from tenon.job_timers where job_id = old.id;
      update tenon.tenant_lanes set admitted = admitted + 1 where user_id = old.user_id and lane = old.lane;
    end if;
    new.slot := true;
    new.fence := old.fence + 1;
    if new.status = 'PROCESSING' then
      new.attempt := old.attempt + 1;
      new.claimed_at := coalesce(new.claimed_at, now());
      new.started_at := coalesce(new.started_at, now());
    end if;
  elsif new.status = 'QUEUED' then
    insert into tenon.job_ready (lane, band, vtime, seq, job_id, user_id)
    values (old.lane, new.band, (select vtime from tenon.lanes where id = old.lane), tenon.job_seq(old.created_at),
            old.id, old.user_id);
    new.slot := false;
    new.lease_id := null;
    new.fence := old.fence + 1;
  end if;
  if new.status in ('READY', 'FAILED') then
    new.lease_id := null;
    new.finished_at := least(coalesce(new.finished_at, now()), now());
    new.progress := case when new.status = 'READY' then 100 else new.progress end;
  end if;
  return new;
end
$$;
create trigger keep before update on public.jobs for each row execute function tenon.jobs_before_update();

-- Ends a job: needs every lock of lock_for_job, and that the job is not at rest.
create function tenon.end_job(p_job public.jobs, p_ok boolean, p_cost int, p_code text, p_message text,
                              p_metering jsonb default '{}', p_mail boolean default true) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_freed boolean := p_job.slot;
begin
  perform tenon.settle_money(p_job, p_cost);
  if p_job.settled_at is null and p_cost > p_job.cost_credits_reserved then
    raise log 'job % cost % credits, % were reserved', p_job.id, p_cost, p_job.cost_credits_reserved;
  end if;
  perform set_config('tenon.internal', 'on', true);
  update public.jobs
     set status = case when p_ok then 'READY'::public.job_status else 'FAILED' end,
         progress = case when p_ok then 100 else progress end,
         error_code = case when not p_ok then left(coalesce(p_code, 'ERR_PROCESSING'), 100) end,
         error_message = case when not p_ok then left(p_message, 4000) end,
         finished_at = coalesce(finished_at, now()), lease_id = null, slot = false,
         cost_credits_final = case when p_job.settled_at is null then least(p_cost, cost_credits_reserved)
                                   else cost_credits_final end,
         cost_shortfall = case when p_job.settled_at is null then greatest(p_cost - cost_credits_reserved, 0)
                               else cost_shortfall end,
         cost_credits_reserved = 0, settled_at = coalesce(settled_at, now()),
         metering = metering || coalesce(p_metering, '{}')
   where id = p_job.id;
  perform set_config('tenon.internal', '', true);
  update public.projects
     set status = case
           when exists (select from public.jobs
                         where project_id = p_job.project_id and status in ('QUEUED', 'PROCESSING')) then 'processing'
           when p_ok then 'ready' else 'failed' end::public.project_status
   where id = p_job.project_id;
  if p_mail and (p_ok or coalesce(p_code, '') <> 'CANCELLED') then
    perform tenon.queue_mail(p_job.user_id, case when p_ok then 'job_completed' else 'job_failed' end, p_job.id::text,
                             jsonb_build_object('job_id', p_job.id, 'project_id', p_job.project_id));
  end if;

  if not v_freed then
    delete from tenon.job_ready where job_id = p_job.id;
    v_freed := found;
    delete from tenon.job_parked where job_id = p_job.id;
    delete from tenon.job_timers where job_id = p_job.id;
  end if;
  if v_freed then
    update tenon.tenant_lanes set admitted = admitted - 1 where user_id = p_job.user_id and lane = p_job.lane;
    perform tenon.admit_parked(p_job.user_id, p_job.lane);
  end if;
end
$$;

-- A plain update to READY or FAILED. It holds the job, so it may wait for nothing that comes earlier in the order.
create function tenon.jobs_after_end() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  v_job := tenon.lock_for_job(new.id, true);
  if v_job.id is not null then
    perform tenon.end_job(v_job, v_job.status = 'READY',
                          case when v_job.status = 'READY' then v_job.cost_credits_reserved else 0 end,
                          v_job.error_code, v_job.error_message);
  end if;
  return null;
end
$$;
create trigger settle after update of status on public.jobs for each row
  when (new.status in ('READY', 'FAILED') and old.status is distinct from new.status
        and coalesce(current_setting('tenon.internal', true), '') <> 'on')
  execute function tenon.jobs_after_end();

create function tenon.jobs_before_delete() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if old.status not in ('READY', 'FAILED') or old.settled_at is null or old.slot then
    raise exception 'The job is still running' using errcode = 'PT409';
  end if;
  return old;
end
$$;
create trigger rest before delete on public.jobs for each row execute function tenon.jobs_before_delete();

-- A better tier weighs more. The row is skipped when busy: the weight is a preference, not a promise.
create function tenon.profiles_after_tier() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  update tenon.tenant_lanes set weight = tenon.tier_weight(new.subscription_tier)
   where (user_id, lane) in (select user_id, lane from tenon.tenant_lanes where user_id = new.id
                                for no key update skip locked);
  return null;
end
$$;
create trigger weigh after update of subscription_tier on public.profiles for each row
  when (old.subscription_tier is distinct from new.subscription_tier) execute function tenon.profiles_after_tier();

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function tenon.lock_for_job to service_role;
