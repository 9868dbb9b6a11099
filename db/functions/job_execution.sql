-- Called by the worker that holds a job: progress, checkpoints, and the ways in which an attempt ends. Each checks the
-- lease and the fencing token first and returns `lost`, having written nothing, when another worker has the job by now.

-- Takes every lock of one job in the lock order and returns the fresh row. All null: no such job, or (p_skip) something
-- is busy.
create or replace function tenon.lock_for_job(p_job uuid, p_skip boolean default false) returns public.jobs
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

-- Locks the lease, so that it cannot be reaped, and then the job. Null when lease, fencing token or status do not
-- match.
create or replace function tenon.lock_leased(p_job uuid, p_lease bigint, p_fence bigint) returns public.jobs
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

-- Stores progress, which never decreases: `ok`, `lost`, or `cancel` (stop, then finish_job with the code CANCELLED).
create or replace function tenon.set_progress(p_job uuid, p_lease bigint, p_fence bigint, p_progress int) returns text
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

-- p_assets: [{"type": "input|output|intermediate", "path": "bucket/key", "meta": {}}]. A path that the job has already
-- is updated.
create or replace function tenon.add_assets(p_job public.jobs, p_assets jsonb) returns void
language sql security definer set search_path = '' as $$
  insert into public.assets (id, user_id, project_id, job_id, type, path, meta)
  select tenon.uuid7(), p_job.user_id, p_job.project_id, p_job.id, (a ->> 'type')::public.asset_type, a ->> 'path',
         coalesce(a -> 'meta', '{}')
    from jsonb_array_elements(coalesce(p_assets, '[]')) as a
  on conflict (job_id, path) where job_id is not null do update set type = excluded.type, meta = excluded.meta
$$;

-- Saves a step's state (running, done, failed, skipped), progress and output together, and renews the lease: `ok`,
-- `cancel` or `lost`. p_meter: {"cpu_ms", "peak_kb", "bytes_in", "bytes_out", "credits"}, each optional.
create or replace function tenon.checkpoint(
  p_job uuid, p_lease bigint, p_fence bigint, p_n int, p_name text, p_state text, p_progress int default null,
  p_output jsonb default null, p_error_code text default null, p_meter jsonb default '{}', p_assets jsonb default '[]'
) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  if not tenon.heartbeat(p_lease) then
    return 'lost';
  end if;
  if jsonb_array_length(coalesce(p_assets, '[]')) > 0 then
    -- The assets' foreign keys lock these rows, which come before the job in the lock order.
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

-- Ends a job: settles its credits, updates the project, queues the email, frees the slot and admits the user's next
-- job. The caller holds every lock of lock_for_job, and the job has not ended before.
create or replace function tenon.end_job(
  p_job public.jobs, p_ok boolean, p_cost int, p_code text, p_message text, p_metering jsonb default '{}',
  p_mail boolean default true, p_error_params jsonb default '{}'
) returns void
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
         error_params = case when p_ok then '{}' else coalesce(p_error_params, '{}') end,
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

-- Ends a job in one transaction with its assets, credits, project, email and slot: `done` or `lost`. The charge is
-- p_cost, at most what was reserved. A cancelled job sends no email.
create or replace function tenon.finish_job(
  p_job uuid, p_lease bigint, p_fence bigint, p_ok boolean, p_cost int, p_code text default null,
  p_message text default null, p_assets jsonb default '[]', p_metering jsonb default '{}',
  p_error_params jsonb default '{}'
) returns text
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
  perform tenon.end_job(v_job, p_ok, p_cost, p_code, p_message, p_metering, true, p_error_params);
  return 'done';
end
$$;

-- Returns a running job to the queue: at once, keeping its place, or after a delay during which its slot is free.
create or replace function tenon.requeue(p_job public.jobs, p_attempt int, p_crashes int, p_delay_seconds int)
returns void
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

-- Ends an attempt that failed: `retry` (another attempt after the delay), `failed` (all attempts are used, nothing is
-- charged), `cancelled` or `lost`.
create or replace function tenon.fail_attempt(
  p_job uuid, p_lease bigint, p_fence bigint, p_code text, p_message text, p_delay_seconds int,
  p_error_params jsonb default '{}'
) returns text
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
    perform tenon.end_job(v_job, false, 0, p_code, p_message, p_error_params => p_error_params);
    return 'failed';
  end if;
  perform tenon.requeue(v_job, v_job.attempt, v_job.crashes, coalesce(p_delay_seconds, 0));
  return 'retry';
end
$$;

-- Returns a job unfinished when the worker shuts down: `queued` or `lost`. The attempt does not count.
create or replace function tenon.release_job(p_job uuid, p_lease bigint, p_fence bigint) returns text
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
grant execute on function
  tenon.lock_for_job(uuid, boolean), tenon.set_progress(uuid, bigint, bigint, int),
  tenon.checkpoint(uuid, bigint, bigint, int, text, text, int, jsonb, text, jsonb, jsonb),
  tenon.finish_job(uuid, bigint, bigint, boolean, int, text, text, jsonb, jsonb, jsonb),
  tenon.fail_attempt(uuid, bigint, bigint, text, text, int, jsonb), tenon.release_job(uuid, bigint, bigint)
  to service_role;
