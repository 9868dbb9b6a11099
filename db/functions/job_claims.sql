-- Leases, and how workers claim jobs.

-- Opens a lease; a worker process holds one.
create or replace function tenon.open_lease(p_worker text, p_host text, p_seconds int) returns bigint
language sql security definer set search_path = '' as $$
  insert into tenon.leases (worker, host, seconds, expires_at)
  values (p_worker, coalesce(p_host, ''), p_seconds, now() + make_interval(secs => p_seconds))
  returning id
$$;

-- Renews a lease. False: the lease is gone or being reaped; the worker must drop its jobs and open a new one.
create or replace function tenon.heartbeat(p_lease bigint, p_seconds int default null) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  update tenon.leases
     set seconds = coalesce(p_seconds, seconds),
         expires_at = now() + make_interval(secs => coalesce(p_seconds, seconds))
   where id = p_lease and expires_at > '-infinity';
  return found;
end
$$;

-- Ends a lease. Jobs that it still holds are reaped at once.
create or replace function tenon.close_lease(p_lease bigint) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if exists (select from public.jobs where lease_id = p_lease) then
    update tenon.leases set expires_at = '-infinity' where id = p_lease;
  else
    delete from tenon.leases where id = p_lease;
  end if;
end
$$;

-- Claims ready jobs in one index scan, planned with the settings of take_jobs; the cast of status keeps the planner
-- from using the index on status. Claims advance the lane's virtual time one at a time, by the advisory lock; the row
-- lock is for other writers of the lane. Raises 55P03 when a row could not be locked at once.
create or replace function tenon.pick_jobs(p_lane smallint, p_worker text, p_lease bigint, p_n int)
returns setof public.jobs
language plpgsql security definer set search_path = '' set lock_timeout = '50ms' as $$
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

-- The plans of a claim must not depend on statistics: the tables are empty one second and full the next. Raises 40001
-- after three attempts, because an empty result would mean that nothing waits.
create or replace function tenon.take_jobs(p_lane smallint, p_worker text, p_lease bigint, p_n int)
returns setof public.jobs
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set enable_bitmapscan = off
set enable_sort = off as $$
declare
  v_lane tenon.lanes;
  v_n int := least(p_n, 1000);
begin
  select * into v_lane from tenon.lanes where id = p_lane;
  if v_lane.paused then
    return;
  end if;
  if v_lane.cap is not null then
    -- A caller without a lease tries several lanes, so it must not wait for one while it holds another.
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

-- Claims up to p_n jobs for the holder of a lease: they are PROCESSING then, with fence and attempt raised. None when
-- the lane is paused or at its cap, or the lease is gone.
create or replace function tenon.claim_jobs(p_lane text, p_worker text, p_lease bigint, p_n int)
returns setof public.jobs
language plpgsql security definer set search_path = '' as $$
begin
  if p_worker is null or p_lease is null or p_n is null then
    raise exception 'A claim needs a worker, a lease and a number' using errcode = '22023';
  end if;
  perform 1 from tenon.leases where id = p_lease and expires_at > now() for key share skip locked;
  if found then
    return query select * from tenon.take_jobs(tenon.lane_id(p_lane), p_worker, p_lease, p_n);
  end if;
end
$$;

-- Claims one job for a worker that has no lease, from the lane whose first job has waited longest. Null when there is
-- none. Such a worker keeps its job by updating the row; it loses it after TENON_EXTERNAL_LEASE_SECONDS of silence.
create or replace function public.claim_next_job(worker_name text) returns public.jobs
language plpgsql security definer set search_path = '' as $$
declare
  v_lane tenon.lanes;
  v_job public.jobs;
begin
  if worker_name is null or worker_name = '' then
    raise exception 'A worker has a name' using errcode = '22023';
  end if;
  for v_lane in
    select l.* from tenon.lanes l
      left join lateral (select r.seq from tenon.job_ready r where r.lane = l.id
                          order by r.band, r.vtime, r.seq, r.job_id limit 1) as head on true
     where l.for_any_worker and not l.paused
       and (head.seq is not null or exists (select from tenon.job_parked k where k.lane = l.id))
     order by head.seq nulls last, l.id
  loop
    select * into v_job from tenon.take_jobs(v_lane.id, worker_name, null, 1);
    if v_job.id is null and tenon.admit_burst(v_lane.name, 1) > 0 then
      select * into v_job from tenon.take_jobs(v_lane.id, worker_name, null, 1);
    end if;
    if v_job.id is not null then
      return v_job;
    end if;
  end loop;
  return null;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
revoke all on function
  public.claim_next_job(text)
  from public, anon, authenticated, service_role;
grant execute on function
  tenon.open_lease(text, text, int), tenon.heartbeat(bigint, int), tenon.close_lease(bigint),
  tenon.claim_jobs(text, text, bigint, int), public.claim_next_job(text)
  to service_role;
