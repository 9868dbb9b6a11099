-- What takes over from the dead, ends what others began, and lets the scheduled start: called every two seconds, one
-- user a call, until it says 0.

-- The worker of this job is dead. The second such death is the job's own.
create function tenon.take_over(p_job public.jobs) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if p_job.cancel_requested_at is not null then
    perform tenon.end_job(p_job, false, 0, 'CANCELLED', 'The job was cancelled.');
  elsif p_job.crashes >= 1 or p_job.attempt >= (select max_attempts from tenon.lanes where id = p_job.lane) then
    perform tenon.end_job(p_job, false, 0, 'WORKER_CRASHED', 'The job could not be completed: its worker stopped.');
  else
    perform tenon.requeue(p_job, p_job.attempt, p_job.crashes + 1, 0);
    perform tenon.notify_jobs(p_job.lane);
  end if;
end
$$;

create function tenon.rescue() returns int language plpgsql security definer set search_path = '' as $$
declare
  v_lease bigint;
  v_user uuid;
  v_id uuid;
  v_job public.jobs;
  v_count int := 0;
begin
  for v_lease in select id from tenon.leases where expires_at < now() order by expires_at for update skip locked loop
    update tenon.leases set expires_at = '-infinity' where id = v_lease and expires_at > '-infinity';
    for v_user in select distinct user_id from public.jobs where lease_id = v_lease order by user_id loop
      for v_id in select id from public.jobs where lease_id = v_lease and user_id = v_user order by id loop
        v_job := tenon.lock_for_job(v_id, true);
        if v_job.lease_id = v_lease and v_job.status = 'PROCESSING' then
          perform tenon.take_over(v_job);
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

create function tenon.rescue_external(p_age_seconds int) returns int
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
      -- Whatever it turned out to be, one user's locks are held now: done.
      if v_job.status = 'PROCESSING' and v_job.lease_id is null and v_job.updated_at < v_before then
        perform tenon.take_over(v_job);
        return 1;
      end if;
      return 0;
    end if;
  end loop;
  return 0;
end
$$;

create function tenon.settle_stragglers(p_grace_seconds int default 1) returns int
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
                              v_job.error_code, v_job.error_message);
        return 1;
      end if;
      return 0;
    end if;
  end loop;
  return 0;
end
$$;

create function tenon.promote_due(p_n int default 100) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_due record;
  v_count int;
  v_oldest bigint;
  v_tenant tenon.tenant_lanes;
begin
  for v_due in
    select distinct on (t.user_id, t.lane) t.user_id, t.lane
      from (select user_id, lane from tenon.job_timers where run_at <= now() order by run_at limit 200) as t
  loop
    v_tenant := tenon.lock_tenant(v_due.user_id, v_due.lane, true);
    if v_tenant.user_id is null then
      continue;
    end if;
    with due as (
      select job_id from tenon.job_timers
       where run_at <= now() and user_id = v_due.user_id and lane = v_due.lane order by run_at limit greatest(p_n, 1)
         for update skip locked
    ), gone as (
      delete from tenon.job_timers t using due d where t.job_id = d.job_id returning t.*
    ), parked as (
      insert into tenon.job_parked (lane, user_id, band, seq, job_id) select lane, user_id, band, seq, job_id from gone
    )
    select count(*), min(seq) into v_count, v_oldest from gone;
    if v_count > 0 then
      if v_oldest < v_tenant.last_seq then
        perform tenon.unadmit(v_due.user_id, v_due.lane);
      end if;
      if tenon.admit_parked(v_due.user_id, v_due.lane) > 0 then
        perform tenon.notify_jobs(v_due.lane);
      end if;
    end if;
    return v_count;
  end loop;
  return 0;
end
$$;

-- Sets each tenant's count from the truth. Busy tenants are left out: their count is being changed right now.
create function tenon.repair_slots() returns int language plpgsql security definer set search_path = '' as $$
declare
  v_tenant tenon.tenant_lanes;
  v_true int;
  v_count int := 0;
begin
  for v_tenant in select * from tenon.tenant_lanes order by user_id, lane loop
    v_tenant := tenon.lock_tenant(v_tenant.user_id, v_tenant.lane, true);
    continue when v_tenant.user_id is null;
    v_true := (select count(*) from tenon.job_ready where lane = v_tenant.lane and user_id = v_tenant.user_id)
            + (select count(*) from public.jobs where lane = v_tenant.lane and user_id = v_tenant.user_id and slot);
    if v_true <> v_tenant.admitted then
      update tenon.tenant_lanes set admitted = v_true where user_id = v_tenant.user_id and lane = v_tenant.lane;
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function tenon.rescue, tenon.rescue_external, tenon.settle_stragglers, tenon.promote_due,
  tenon.repair_slots to service_role;
