-- Triggers of public.jobs. A job may be inserted or updated by anybody with service_role's rights, such as a worker
-- written elsewhere; the triggers keep queue and credits consistent whoever wrote the row. Columns that carry money or
-- slots change only where one of our functions sets tenon.internal around its statement. (A function's own SET clause
-- cannot set it without a superuser.)

create or replace function tenon.internal() returns boolean language sql stable set search_path = '' as $$
  select coalesce(current_setting('tenon.internal', true), '') = 'on'
$$;

create or replace function tenon.jobs_before_insert() returns trigger
language plpgsql security definer set search_path = '' as $$
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
create or replace trigger fill before insert on public.jobs for each row execute function tenon.jobs_before_insert();

-- Admits the new jobs of each user, or parks or schedules them.
create or replace function tenon.jobs_after_insert() returns trigger
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
create or replace trigger admit after insert on public.jobs referencing new table as new_jobs
  for each statement execute function tenon.jobs_after_insert();

-- A plain update took this waiting job: its place in the queue becomes a slot. The caller has locked the job's row.
create or replace function tenon.take_slot(p_job public.jobs) returns void
language plpgsql security definer set search_path = '' as $$
begin
  delete from tenon.job_ready where job_id = p_job.id;
  if found then
    return;
  end if;
  if (tenon.lock_tenant(p_job.user_id, p_job.lane, true)).user_id is null then
    raise exception 'The queue is busy' using errcode = '40001';
  end if;
  delete from tenon.job_ready where job_id = p_job.id;  -- admitted since
  if found then
    return;
  end if;
  delete from tenon.job_parked where job_id = p_job.id;
  delete from tenon.job_timers where job_id = p_job.id;
  update tenon.tenant_lanes set admitted = admitted + 1 where user_id = p_job.user_id and lane = p_job.lane;
end
$$;

-- A finished job keeps its status; a plain update of status is understood as claiming, requeueing or ending the job.
create or replace function tenon.jobs_before_update() returns trigger
language plpgsql security definer set search_path = '' as $$
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
    perform tenon.take_slot(old);
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
create or replace trigger keep before update on public.jobs for each row execute function tenon.jobs_before_update();

-- For a caller that has already locked the job: null when a lock that comes before it is not free at once.
create or replace function tenon.try_lock_job(p_job uuid) returns public.jobs
language plpgsql security definer set search_path = '' set lock_timeout = '50ms' as $$
begin
  return tenon.lock_for_job(p_job, true);
exception when lock_not_available or deadlock_detected then
  return null;
end
$$;

-- Settles a job after a plain update to READY or FAILED. The update holds the job's row, so it must not wait for locks
-- that come earlier in the order; what it cannot lock is left to settle_finished_jobs.
create or replace function tenon.jobs_after_end() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  v_job := tenon.try_lock_job(new.id);
  if v_job.id is not null then
    perform tenon.end_job(v_job, v_job.status = 'READY',
                          case when v_job.status = 'READY' then v_job.cost_credits_reserved else 0 end,
                          v_job.error_code, v_job.error_message, p_error_params => v_job.error_params);
  end if;
  return null;
end
$$;
create or replace trigger settle after update of status on public.jobs for each row
  when (new.status in ('READY', 'FAILED') and old.status is distinct from new.status
        and coalesce(current_setting('tenon.internal', true), '') <> 'on')
  execute function tenon.jobs_after_end();

create or replace function tenon.jobs_before_delete() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if old.status not in ('READY', 'FAILED') or old.settled_at is null or old.slot then
    raise exception 'The job is still running' using errcode = 'PT409';
  end if;
  return old;
end
$$;
create or replace trigger rest before delete on public.jobs for each row execute function tenon.jobs_before_delete();

revoke all on all functions in schema tenon from public, anon, authenticated;
