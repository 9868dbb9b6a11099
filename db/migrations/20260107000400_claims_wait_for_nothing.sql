-- SKIP LOCKED waits in one case: the row's updater ends between the look at the row and its lock, another transaction
-- has the new version by then, and Postgres waits for that one (heap_lock_updated_tuple heeds no wait policy). A claim
-- holds rows of several users, so that wait can close a circle. Whoever skips locks out of the order of the queue's
-- file therefore gives up after 50 ms, lets go of all it took in the attempt, and tries again or comes back. (Where a
-- deadlock is looked for sooner than that, Postgres says 40P01 instead: the same.)

-- One index scan, planned by the settings of take_jobs; the cast of status keeps the planner from starting at the index
-- on it. Claims move the lane's time one at a time, by the advisory lock; the row lock is for whoever else changes the
-- lane. 55P03 when a row could not be had at once.
create function tenon.pick_jobs(p_lane smallint, p_worker text, p_lease bigint, p_n int) returns setof public.jobs
language plpgsql security definer set search_path = ''
set lock_timeout = '50ms' as $$
begin
  perform set_config('tenon.internal', 'on', true);
  return query
    with picked as materialized (
      select r.band, r.vtime, r.seq, r.job_id, r.ctid as place
        from tenon.job_ready r join public.jobs j on j.id = r.job_id
       where r.lane = p_lane and j.status::text = 'QUEUED'
       order by r.lane, r.band, r.vtime, r.seq, r.job_id limit p_n
         for no key update of j skip locked for update of r skip locked
    ), gone as (
      delete from tenon.job_ready where ctid = any (array(select place from picked))
    ), moved as (
      update tenon.lanes l set vtime = top.vtime
        from (select max(vtime) as vtime from picked) as top
       where l.id = (select id from tenon.lanes
                      where id = p_lane and pg_try_advisory_xact_lock(hashtext('tenon.vtime'), p_lane)
                        for no key update skip locked)
         and l.vtime < top.vtime
    ), taken as (
      update public.jobs j
         set status = 'PROCESSING', claimed_at = now(), claimed_by = left(p_worker, 200),
             started_at = coalesce(j.started_at, now()), progress = greatest(j.progress, 1),
             lease_id = p_lease, slot = true, fence = j.fence + 1, attempt = j.attempt + 1
        from picked p where j.id = p.job_id
      returning j.*
    )
    select t.* from picked p join taken t on t.id = p.job_id order by p.band, p.vtime, p.seq, p.job_id;
  perform set_config('tenon.internal', '', true);
end
$$;

-- The plans here must not follow the statistics of tables that are empty one second and full the next. 40001 after three
-- attempts: an empty answer would say that nothing waits.
create or replace function tenon.take_jobs(p_lane smallint, p_worker text, p_lease bigint, p_n int)
returns setof public.jobs language plpgsql security definer set search_path = ''
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
set enable_bitmapscan = off set enable_sort = off as $$
declare
  v_lane tenon.lanes;
  v_n int := least(p_n, 1000);
begin
  select * into v_lane from tenon.lanes where id = p_lane;
  if v_lane.paused then
    return;
  end if;
  if v_lane.cap is not null then
    -- Who has no lease goes through several lanes: he waits at none while he holds another.
    if p_lease is not null then
      perform pg_advisory_xact_lock(hashtext('tenon.lane'), p_lane);
    elsif not pg_try_advisory_xact_lock(hashtext('tenon.lane'), p_lane) then
      return;
    end if;
    v_n := least(v_n, v_lane.cap - (select count(*)::int from public.jobs where lane = p_lane and slot));
  end if;
  if v_n <= 0 then
    return;
  end if;
  for attempt in 1 .. 3 loop
    begin
      return query select * from tenon.pick_jobs(p_lane, p_worker, p_lease, v_n);
      return;
    exception when lock_not_available or deadlock_detected then
      null;
    end;
  end loop;
  raise exception 'The queue is busy' using errcode = '40001';
end
$$;

-- Null when the row is busy.
create function tenon.lock_tenant_now(p_user uuid, p_lane smallint) returns tenon.tenant_lanes
language plpgsql security definer set search_path = '' set lock_timeout = '50ms' as $$
declare
  v_row tenon.tenant_lanes;
begin
  select * into v_row from tenon.tenant_lanes where user_id = p_user and lane = p_lane for no key update skip locked;
  return v_row;
exception when lock_not_available or deadlock_detected then
  return null;
end
$$;

create or replace function tenon.lock_tenant(p_user uuid, p_lane smallint, p_skip boolean default false)
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
    v_row := tenon.lock_tenant_now(p_user, p_lane);
  else
    select * into v_row from tenon.tenant_lanes where user_id = p_user and lane = p_lane for no key update;
  end if;
  if v_row.user_id is null then
    return null;
  end if;
  return v_row;
end
$$;

-- For who holds the job already: null when a lock that comes before it cannot be had at once.
create function tenon.lock_upwards(p_job uuid) returns public.jobs
language plpgsql security definer set search_path = '' set lock_timeout = '50ms' as $$
begin
  return tenon.lock_for_job(p_job, true);
exception when lock_not_available or deadlock_detected then
  return null;
end
$$;

create or replace function tenon.jobs_after_end() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  v_job := tenon.lock_upwards(new.id);
  if v_job.id is not null then
    perform tenon.end_job(v_job, v_job.status = 'READY',
                          case when v_job.status = 'READY' then v_job.cost_credits_reserved else 0 end,
                          v_job.error_code, v_job.error_message);
  end if;
  return null;
end
$$;

create or replace function tenon.profiles_after_tier() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_lane smallint;
begin
  for v_lane in select lane from tenon.tenant_lanes where user_id = new.id order by lane loop
    if (tenon.lock_tenant_now(new.id, v_lane)).user_id is not null then
      update tenon.tenant_lanes set weight = tenon.tier_weight(new.subscription_tier)
       where user_id = new.id and lane = v_lane;
    end if;
  end loop;
  return null;
end
$$;

revoke all on function tenon.pick_jobs, tenon.lock_tenant_now, tenon.lock_upwards from public, anon, authenticated;
