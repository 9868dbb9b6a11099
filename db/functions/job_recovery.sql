-- Housekeeping of the queue, run every two seconds by each worker: jobs of dead workers, and jobs that were ended by a
-- plain update. Each call works on one user, because a transaction locks the objects of one user only; it is repeated
-- until it returns 0.

-- The job's worker died. The second such death fails the job.
create or replace function tenon.recover_job(p_job public.jobs, p_crashed text, p_cancelled text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if p_job.cancel_requested_at is not null then
    perform tenon.end_job(p_job, false, 0, 'CANCELLED', p_cancelled);
  elsif p_job.crashes >= 1 or p_job.attempt >= (select max_attempts from tenon.lanes where id = p_job.lane) then
    perform tenon.end_job(p_job, false, 0, 'WORKER_CRASHED', p_crashed);
  else
    perform tenon.requeue(p_job, p_job.attempt, p_job.crashes + 1, 0);
    perform tenon.notify_jobs(p_job.lane);
  end if;
end
$$;

-- Requeues or fails the jobs of expired leases. p_crashed and p_cancelled are the messages for jobs that end here.
-- While the server is down nobody can renew, so after its start each lease gets its full time again; otherwise two
-- restarts longer than a lease would fail every running job as if it had killed its workers.
create or replace function tenon.reap_expired_leases(p_crashed text default null, p_cancelled text default null) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_lease bigint;
  v_user uuid;
  v_id uuid;
  v_job public.jobs;
  v_count int := 0;
begin
  for v_lease in
    select id from tenon.leases
     where expires_at < now()
       and (expires_at = '-infinity' or pg_postmaster_start_time() + make_interval(secs => seconds) < now())
     order by expires_at for update skip locked
  loop
    update tenon.leases set expires_at = '-infinity' where id = v_lease and expires_at > '-infinity';
    for v_user in select distinct user_id from public.jobs where lease_id = v_lease order by user_id loop
      for v_id in select id from public.jobs where lease_id = v_lease and user_id = v_user order by id loop
        v_job := tenon.lock_for_job(v_id, true);
        if v_job.lease_id = v_lease and v_job.status = 'PROCESSING' then
          perform tenon.recover_job(v_job, p_crashed, p_cancelled);
          v_count := v_count + 1;
        end if;
      end loop;
      if v_count > 0 then
        return v_count;
      end if;
    end loop;
    if not exists (select from public.jobs where lease_id = v_lease) then
      delete from tenon.leases where id = v_lease;
      return 1;
    end if;
  end loop;
  return 0;
end
$$;

-- The same for workers without a lease, whose row has not been updated for p_age_seconds.
create or replace function tenon.reap_silent_workers(
  p_age_seconds int, p_crashed text default null, p_cancelled text default null
) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_before timestamptz := now() - make_interval(secs => p_age_seconds);
  v_id uuid;
  v_job public.jobs;
begin
  if p_age_seconds is null or p_age_seconds < 0 then
    raise exception 'An age is not negative' using errcode = '22023';
  end if;
  for v_id in
    select id from public.jobs where status = 'PROCESSING' and lease_id is null and updated_at < v_before
     order by updated_at limit 20
  loop
    v_job := tenon.lock_for_job(v_id, true);
    if v_job.id is not null then
      -- One user's locks are held now, so this call ends here whatever the job's state.
      if v_job.status = 'PROCESSING' and v_job.lease_id is null and v_job.updated_at < v_before then
        perform tenon.recover_job(v_job, p_crashed, p_cancelled);
        return 1;
      end if;
      return 0;
    end if;
  end loop;
  return 0;
end
$$;

-- Settles a job that was set to READY or FAILED by a plain update, when the trigger could not take all locks.
create or replace function tenon.settle_finished_jobs(p_grace_seconds int default 1) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_id uuid;
  v_job public.jobs;
begin
  for v_id in
    select id from public.jobs
     where status in ('READY', 'FAILED') and (settled_at is null or slot)
       and finished_at <= now() - make_interval(secs => coalesce(p_grace_seconds, 1))
     order by finished_at limit 20
  loop
    v_job := tenon.lock_for_job(v_id, true);
    if v_job.id is not null then
      if v_job.status in ('READY', 'FAILED') and (v_job.settled_at is null or v_job.slot) then
        perform tenon.end_job(v_job, v_job.status = 'READY',
                              case when v_job.status = 'READY' then v_job.cost_credits_reserved else 0 end,
                              v_job.error_code, v_job.error_message, p_error_params => v_job.error_params);
        return 1;
      end if;
      return 0;
    end if;
  end loop;
  return 0;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.reap_expired_leases(text, text), tenon.reap_silent_workers(int, text, text), tenon.settle_finished_jobs(int)
  to service_role;
