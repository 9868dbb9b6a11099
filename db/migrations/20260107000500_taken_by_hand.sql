-- A parked job that was taken by hand in the moment it was admitted kept its ready row: its tenant had one slot less for
-- ever.

-- Taken by hand: the job's place in the queue becomes a slot. Needs the job's row locked.
create function tenon.take_place(p_job public.jobs) returns void
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

create or replace function tenon.jobs_before_update() returns trigger language plpgsql security definer set search_path = '' as $$
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
    perform tenon.take_place(old);
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

revoke all on function tenon.take_place from public, anon, authenticated;
