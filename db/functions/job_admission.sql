-- Admission: which waiting jobs are in the ready set, at which virtual time (db/README.md "The queue").

-- The order of a user's own jobs: the microsecond of creation.
create or replace function tenon.job_seq(p_created timestamptz) returns bigint
language sql immutable set search_path = '' as $$
  select (extract(epoch from p_created) * 1000000)::bigint
$$;

-- A user's share of a lane grows with the weight.
create or replace function tenon.tier_weight(p_tier text) returns int
language sql immutable set search_path = '' as $$
  select case p_tier when 'starter' then 20 when 'pro' then 40 when 'enterprise' then 80 else 10 end
$$;

create or replace function tenon.lane_id(p_name text) returns smallint
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

-- Locks a user's share of a lane, or returns null when it is busy. SKIP LOCKED may still wait (db/README.md "Lock
-- order"), hence the timeout.
create or replace function tenon.try_lock_tenant(p_user uuid, p_lane smallint) returns tenon.tenant_lanes
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

-- Locks a user's share of a lane, and creates it if needed. With p_skip: null when it is busy.
create or replace function tenon.lock_tenant(p_user uuid, p_lane smallint, p_skip boolean default false)
returns tenon.tenant_lanes
language plpgsql security definer set search_path = '' as $$
declare
  v_row tenon.tenant_lanes;
begin
  if not exists (select from tenon.tenant_lanes where user_id = p_user and lane = p_lane) then
    insert into tenon.tenant_lanes (user_id, lane, weight)
    values (p_user, p_lane, tenon.tier_weight((select subscription_tier from public.profiles where id = p_user)))
    on conflict (user_id, lane) do nothing;
  end if;
  if p_skip then
    v_row := tenon.try_lock_tenant(p_user, p_lane);
  else
    select * into v_row from tenon.tenant_lanes where user_id = p_user and lane = p_lane for no key update;
  end if;
  if v_row.user_id is null then
    return null;
  end if;
  return v_row;
end
$$;

-- Moves a user's parked jobs to the ready set, up to the user's cap plus p_over. The caller has locked the tenant_lanes
-- row.
create or replace function tenon.admit_parked(p_user uuid, p_lane smallint, p_over int default 0) returns int
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

-- Parks a user's ready jobs again, so that an older job goes before them. The caller has locked the tenant_lanes row.
create or replace function tenon.unadmit(p_user uuid, p_lane smallint) returns void
language plpgsql security definer set search_path = '' as $$
begin
  with held as (
    select job_id from tenon.job_ready where lane = p_lane and user_id = p_user for update skip locked
  ), gone as (
    delete from tenon.job_ready r using held h where r.job_id = h.job_id returning r.*
  ), back as (
    insert into tenon.job_parked (lane, user_id, band, seq, job_id) select lane, user_id, band, seq, job_id from gone
  ), counted as (
    select count(*)::int as n, min(vtime) as vtime from gone
  )
  update tenon.tenant_lanes t
     set admitted = t.admitted - counted.n, vfinish = least(t.vfinish, counted.vtime)
    from counted where t.user_id = p_user and t.lane = p_lane and counted.n > 0;
end
$$;

-- Admits parked jobs of one user above the cap when the lane has no ready job left, and returns how many. It runs in a
-- transaction of its own; claim again when it returns more than 0.
create or replace function tenon.admit_burst(p_lane text, p_n int) returns int
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

-- Wakes workers, unless so many jobs wait already that none of them sleeps.
create or replace function tenon.notify_jobs(p_lane smallint) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if (select count(*) from (select from tenon.job_ready where lane = p_lane limit 20) as w) < 20 then
    perform pg_notify('tenon_jobs', (select name from tenon.lanes where id = p_lane));
  end if;
end
$$;

-- Moves scheduled jobs that are due to the waiting ones: one user per call, until it returns 0.
create or replace function tenon.promote_due_jobs(p_n int default 100) returns int
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

-- A higher tier has a larger weight. A busy row is skipped: the weight is a preference, not a guarantee.
create or replace function tenon.profiles_after_tier() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_lane smallint;
begin
  for v_lane in select lane from tenon.tenant_lanes where user_id = new.id order by lane loop
    if (tenon.try_lock_tenant(new.id, v_lane)).user_id is not null then
      update tenon.tenant_lanes set weight = tenon.tier_weight(new.subscription_tier)
       where user_id = new.id and lane = v_lane;
    end if;
  end loop;
  return null;
end
$$;
create or replace trigger weigh after update of subscription_tier on public.profiles for each row
  when (old.subscription_tier is distinct from new.subscription_tier) execute function tenon.profiles_after_tier();

-- Corrects each user's count of admitted jobs, and returns how many were wrong. Busy users are left out, because their
-- count is about to change.
create or replace function tenon.repair_slots() returns int
language plpgsql security definer set search_path = '' as $$
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
grant execute on function
  tenon.admit_burst(text, int), tenon.promote_due_jobs(int), tenon.repair_slots()
  to service_role;
