-- What a worker calls: leases, claims, checkpoints, ends.

create function tenon.open_lease(p_worker text, p_host text, p_seconds int) returns bigint
language sql security definer set search_path = '' as $$
  insert into tenon.leases (worker, host, seconds, expires_at)
  values (p_worker, coalesce(p_host, ''), p_seconds, now() + make_interval(secs => p_seconds))
  returning id
$$;

-- A lease that rescue() has condemned (expiry -infinity) does not come back.
create function tenon.heartbeat(p_lease bigint, p_seconds int default null) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  update tenon.leases
     set seconds = coalesce(p_seconds, seconds),
         expires_at = now() + make_interval(secs => coalesce(p_seconds, seconds))
   where id = p_lease and expires_at > '-infinity';
  return found;
end
$$;

create function tenon.close_lease(p_lease bigint) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if exists (select from public.jobs where lease_id = p_lease) then
    update tenon.leases set expires_at = '-infinity' where id = p_lease;
  else
    delete from tenon.leases where id = p_lease;
  end if;
end
$$;

-- One index scan. Its plan must not follow the statistics of tables that are empty one second and full the next; the
-- cast of status keeps the planner from starting at the index on it.
create function tenon.take_jobs(p_lane smallint, p_worker text, p_lease bigint, p_n int) returns setof public.jobs
language plpgsql security definer set search_path = ''
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
    perform pg_advisory_xact_lock(hashtext('tenon.lane'), p_lane);
    v_n := least(v_n, v_lane.cap - (select count(*)::int from public.jobs where lane = p_lane and slot));
  end if;
  if v_n <= 0 then
    return;
  end if;
  perform set_config('tenon.internal', 'on', true);
  return query
    with picked as materialized (
      select r.band, r.vtime, r.seq, r.job_id, r.ctid as place
        from tenon.job_ready r join public.jobs j on j.id = r.job_id
       where r.lane = p_lane and j.status::text = 'QUEUED'
       order by r.lane, r.band, r.vtime, r.seq, r.job_id limit v_n
         for no key update of j skip locked for update of r skip locked
    ), gone as (
      delete from tenon.job_ready where ctid = any (array(select place from picked))
    ), moved as (
      update tenon.lanes l set vtime = top.vtime
        from (select max(vtime) as vtime from picked) as top
       where l.id = (select id from tenon.lanes where id = p_lane for no key update skip locked) and l.vtime < top.vtime
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

create function tenon.claim_jobs(p_lane text, p_worker text, p_lease bigint, p_n int) returns setof public.jobs
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

-- Admits parked jobs of one tenant above its cap. Worth calling only when nobody else waits.
create function tenon.admit_burst(p_lane text, p_n int) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_lane tenon.lanes;
  v_next record;
  v_seen uuid[] := '{}';
begin
  select * into v_lane from tenon.lanes where id = tenon.lane_id(p_lane);
  if not v_lane.burst or v_lane.paused or p_n is null or p_n <= 0
     or exists (select from tenon.job_ready where lane = v_lane.id) then
    return 0;
  end if;
  for v_next in
    select user_id from tenon.job_parked where lane = v_lane.id order by band, seq limit 50
  loop
    if v_next.user_id = any (v_seen) then
      continue;
    end if;
    v_seen := v_seen || v_next.user_id;
    if (tenon.lock_tenant(v_next.user_id, v_lane.id, true)).user_id is not null then
      return tenon.admit_parked(v_next.user_id, v_lane.id, p_n);
    end if;
  end loop;
  return 0;
end
$$;

create function public.claim_next_job(worker_name text) returns public.jobs
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

create function tenon.set_progress(p_job uuid, p_lease bigint, p_fence bigint, p_progress int) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_cancel timestamptz;
begin
  update public.jobs set progress = greatest(progress, least(p_progress, 99))
   where id = p_job and status = 'PROCESSING' and lease_id = p_lease and fence = p_fence
  returning cancel_requested_at into v_cancel;
  return case when not found then 'lost' when v_cancel is not null then 'cancel' else 'ok' end;
end
$$;

create function tenon.add_assets(p_job public.jobs, p_assets jsonb) returns void
language sql security definer set search_path = '' as $$
  insert into public.assets (id, user_id, project_id, job_id, type, path, meta)
  select tenon.uuid7(), p_job.user_id, p_job.project_id, p_job.id, (a ->> 'type')::public.asset_type, a ->> 'path',
         coalesce(a -> 'meta', '{}')
    from jsonb_array_elements(coalesce(p_assets, '[]')) as a
  on conflict (job_id, path) where job_id is not null do update set type = excluded.type, meta = excluded.meta
$$;

create function tenon.checkpoint(p_job uuid, p_lease bigint, p_fence bigint, p_n int, p_name text, p_state text,
                                 p_progress int default null, p_output jsonb default null,
                                 p_error_code text default null, p_meter jsonb default '{}',
                                 p_assets jsonb default '[]') returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  if not tenon.heartbeat(p_lease) then
    return 'lost';
  end if;
  if jsonb_array_length(coalesce(p_assets, '[]')) > 0 then
    -- The assets' foreign keys will want these; they come before the job in the lock order.
    select * into v_job from public.jobs where id = p_job;
    perform 1 from auth.users where id = v_job.user_id for key share;
    perform 1 from public.projects where id = v_job.project_id for key share;
  end if;
  update public.jobs set progress = greatest(progress, least(coalesce(p_progress, 0), 99))
   where id = p_job and status = 'PROCESSING' and lease_id = p_lease and fence = p_fence
  returning * into v_job;
  if not found then
    return 'lost';
  end if;
  insert into public.job_steps as s (job_id, user_id, n, name, state, attempt, output, error_code, finished_at,
                                     cpu_ms, peak_kb, bytes_in, bytes_out, credits)
  values (p_job, v_job.user_id, p_n, p_name, p_state, v_job.attempt, p_output, left(p_error_code, 100),
          case when p_state <> 'running' then now() end, (p_meter ->> 'cpu_ms')::bigint,
          (p_meter ->> 'peak_kb')::bigint,
          (p_meter ->> 'bytes_in')::bigint, (p_meter ->> 'bytes_out')::bigint, (p_meter ->> 'credits')::int)
  on conflict (job_id, n) do update
    set name = excluded.name, state = excluded.state, attempt = excluded.attempt,
        output = coalesce(excluded.output, s.output), error_code = excluded.error_code,
        started_at = case when excluded.attempt > s.attempt then now() else s.started_at end,
        finished_at = excluded.finished_at,
        cpu_ms = coalesce(excluded.cpu_ms, s.cpu_ms), peak_kb = coalesce(excluded.peak_kb, s.peak_kb),
        bytes_in = coalesce(excluded.bytes_in, s.bytes_in), bytes_out = coalesce(excluded.bytes_out, s.bytes_out),
        credits = coalesce(excluded.credits, s.credits);
  perform tenon.add_assets(v_job, p_assets);
  return case when v_job.cancel_requested_at is not null then 'cancel' else 'ok' end;
end
$$;

-- Locks the lease against its end, then the job; null when the lease, the fence or the status no longer fit.
create function tenon.lock_leased(p_job uuid, p_lease bigint, p_fence bigint) returns public.jobs
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  perform 1 from tenon.leases where id = p_lease for key share;
  if not found then
    return null;
  end if;
  v_job := tenon.lock_for_job(p_job);
  if v_job.status is distinct from 'PROCESSING' or v_job.lease_id is distinct from p_lease
     or v_job.fence is distinct from p_fence then
    return null;
  end if;
  return v_job;
end
$$;

create function tenon.finish_job(p_job uuid, p_lease bigint, p_fence bigint, p_ok boolean, p_cost int,
                                 p_code text default null, p_message text default null, p_assets jsonb default '[]',
                                 p_metering jsonb default '{}') returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  if p_ok is null or p_cost is null or p_cost < 0 then
    raise exception 'A job ends well or badly, at a cost that is not negative' using errcode = '22023';
  end if;
  v_job := tenon.lock_leased(p_job, p_lease, p_fence);
  if v_job.id is null then
    return 'lost';
  end if;
  perform tenon.add_assets(v_job, p_assets);
  perform tenon.end_job(v_job, p_ok, p_cost, p_code, p_message, p_metering);
  return 'done';
end
$$;

-- Puts a job whose slot is held back among the waiting: at once (its place is kept), or after a delay (its slot is
-- free meanwhile).
create function tenon.requeue(p_job public.jobs, p_attempt int, p_crashes int, p_delay_seconds int) returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform set_config('tenon.internal', 'on', true);
  update public.jobs
     set status = 'QUEUED', slot = false, lease_id = null, claimed_by = null, claimed_at = null,
         attempt = p_attempt, crashes = p_crashes
   where id = p_job.id;
  perform set_config('tenon.internal', '', true);
  if p_delay_seconds > 0 then
    insert into tenon.job_timers (job_id, run_at, lane, user_id, band, seq)
    values (p_job.id, now() + make_interval(secs => p_delay_seconds), p_job.lane, p_job.user_id, p_job.band,
            tenon.job_seq(p_job.created_at));
    update tenon.tenant_lanes set admitted = admitted - 1 where user_id = p_job.user_id and lane = p_job.lane;
    perform tenon.admit_parked(p_job.user_id, p_job.lane);
  else
    insert into tenon.job_ready (lane, band, vtime, seq, job_id, user_id)
    values (p_job.lane, p_job.band, (select vtime from tenon.lanes where id = p_job.lane),
            tenon.job_seq(p_job.created_at), p_job.id, p_job.user_id);
  end if;
end
$$;

create function tenon.fail_attempt(p_job uuid, p_lease bigint, p_fence bigint, p_code text, p_message text,
                                   p_delay_seconds int) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs := tenon.lock_leased(p_job, p_lease, p_fence);
begin
  if v_job.id is null then
    return 'lost';
  elsif v_job.cancel_requested_at is not null then
    perform tenon.end_job(v_job, false, 0, 'CANCELLED', 'The job was cancelled.');
    return 'cancelled';
  elsif v_job.attempt >= (select max_attempts from tenon.lanes where id = v_job.lane) then
    perform tenon.end_job(v_job, false, 0, p_code, p_message);
    return 'failed';
  end if;
  perform tenon.requeue(v_job, v_job.attempt, v_job.crashes, coalesce(p_delay_seconds, 0));
  return 'retry';
end
$$;

create function tenon.hand_back(p_job uuid, p_lease bigint, p_fence bigint) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs := tenon.lock_leased(p_job, p_lease, p_fence);
begin
  if v_job.id is null then
    return 'lost';
  end if;
  perform tenon.requeue(v_job, greatest(v_job.attempt - 1, 0), v_job.crashes, 0);
  perform tenon.notify_jobs(v_job.lane);
  return 'queued';
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
revoke all on function public.claim_next_job from public, anon, authenticated, service_role;
grant execute on function public.claim_next_job to service_role;
grant execute on function tenon.open_lease, tenon.heartbeat, tenon.close_lease, tenon.claim_jobs, tenon.admit_burst,
  tenon.set_progress, tenon.checkpoint, tenon.finish_job, tenon.fail_attempt, tenon.hand_back
  to service_role;
