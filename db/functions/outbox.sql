-- The outbox: put a row in the transaction that causes it, claim, deliver, complete. Delivery is at least once, so it
-- carries an idempotency key.

-- The turn of a user's next row: one after their last that waits, or the turn that the lane is at. So users alternate
-- however many rows one of them has, and a newcomer waits for one row of each.
create or replace function tenon.outbox_turn(p_lane text, p_rank smallint, p_owner uuid) returns bigint
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
begin
  return greatest(
    (select r.turn + 1 from tenon.outbox_ready r
      where r.lane = p_lane and r.rank = p_rank and r.owner = p_owner
      order by r.turn desc nulls last limit 1),  -- null where all of them are for later
    (select r.turn from tenon.outbox_ready r
      where r.lane = p_lane and r.rank = p_rank and r.turn is not null
      order by r.turn, r.id limit 1),
    0);
end
$$;

-- Queues a side effect and notifies a sleeping worker. Returns the row's id. Rows of rank 0 are claimed before all
-- others of their lane: emails that somebody waits for at the screen.
create or replace function tenon.outbox_put_ranked(
  p_lane text, p_kind text, p_user uuid, p_payload jsonb, p_run_at timestamptz, p_rank smallint
) returns bigint
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  v_owner uuid := coalesce(p_user, '00000000-0000-0000-0000-000000000000');
  v_run_at timestamptz := coalesce(p_run_at, now());
  v_due boolean := v_run_at <= now();
  v_id bigint;
begin
  insert into tenon.outbox (lane, kind, user_id, payload, rank)
  values (p_lane, p_kind, p_user, coalesce(p_payload, '{}'), p_rank)
  returning id into v_id;
  insert into tenon.outbox_ready (lane, run_at, id, rank, owner, turn)
  values (p_lane, v_run_at, v_id, p_rank, v_owner, case when v_due then tenon.outbox_turn(p_lane, p_rank, v_owner) end);
  if v_due and (select count(*)
                  from (select from tenon.outbox_ready
                         where lane = p_lane and rank = p_rank and turn is not null limit 20) as w) < 20
  then
    perform pg_notify('tenon_outbox', p_lane);
  end if;
  return v_id;
end
$$;

create or replace function tenon.outbox_put(
  p_lane text, p_kind text, p_user uuid, p_payload jsonb default '{}', p_run_at timestamptz default now()
) returns bigint
language sql security definer set search_path = '' as $$
  select tenon.outbox_put_ranked(p_lane, p_kind, p_user, p_payload, p_run_at, 1::smallint)
$$;

-- Records deliveries under a lease and renews it. p_failed: [{"id", "error", "retry_seconds"}]; without retry_seconds
-- the delivery has failed for good. Rows that the deletion of an account has locked are skipped: they are about to go.
create or replace function tenon.outbox_complete(
  p_lease bigint, p_lease_seconds int, p_done bigint[], p_failed jsonb default '[]'
) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_held bigint[];
  v_done bigint[] := '{}';
  v_failed bigint[] := '{}';
begin
  select ids into v_held from tenon.outbox_leases where id = p_lease for no key update;
  v_held := coalesce(v_held, '{}');

  if cardinality(p_done) > 0 then
    -- A delivery counts whoever holds the row by now. A ready row left over is dropped by the next claim.
    with mine as (
      select id from tenon.outbox where id = any (p_done) and state = 'ready' order by id for no key update skip locked
    ), ended as (
      -- An email's payload may hold a single-use link: it is not kept once the email is sent.
      update tenon.outbox o
         set state = 'done', ended_at = now(), last_error = null,
             payload = case when o.kind = 'mail' then o.payload - 'url' - 'code' else o.payload end
        from mine where o.id = mine.id returning o.id
    )
    select coalesce(array_agg(id), '{}') into v_done from ended;
  end if;

  if jsonb_array_length(coalesce(p_failed, '[]')) > 0 then
    with reported as (
      select (f ->> 'id')::bigint as id, left(f ->> 'error', 2000) as error,
             (f ->> 'retry_seconds')::float8 as retry_seconds
        from jsonb_array_elements(p_failed) as f
    ), mine as (
      select o.id, o.lane, o.rank, o.user_id, r.error, r.retry_seconds
        from tenon.outbox o join reported r on r.id = o.id
       where o.state = 'ready' and o.id = any (v_held)
       order by o.id for no key update of o skip locked
    ), ended as (
      update tenon.outbox o
         set attempts = o.attempts + 1, last_error = m.error,
             state = case when m.retry_seconds is null then 'failed' else 'ready' end,
             payload = case when o.kind = 'mail' and m.retry_seconds is null then o.payload - 'url' - 'code'
                            else o.payload end,
             ended_at = case when m.retry_seconds is null then now() end
        from mine m where o.id = m.id
      returning o.id
    ), waits as (
      insert into tenon.outbox_ready (lane, run_at, id, rank, owner)
      select m.lane, now() + make_interval(secs => greatest(m.retry_seconds, 0)), m.id, m.rank,
             coalesce(m.user_id, '00000000-0000-0000-0000-000000000000')
        from mine m where m.retry_seconds is not null
    )
    select coalesce(array_agg(id), '{}') into v_failed from ended;
  end if;

  if p_lease is not null and cardinality(v_held) > 0 then
    v_held := array(select h from unnest(v_held) as h where h <> all (v_done || v_failed));
    if cardinality(v_held) = 0 then
      delete from tenon.outbox_leases where id = p_lease;
    else
      update tenon.outbox_leases
         set ids = v_held, expires_at = now() + make_interval(secs => coalesce(p_lease_seconds, 60)) where id = p_lease;
    end if;
  end if;
  return cardinality(v_done) + cardinality(v_failed);
end
$$;

-- Gives rows whose time has come the next turns of their users, 200 of a rank at most: a claim stays short, and there
-- are more claims than rows.
create or replace function tenon.outbox_take_turns(p_lane text) returns void
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
declare
  v_row record;
begin
  for v_rank in 0..1 loop
    for v_row in
      select r.id, r.owner from tenon.outbox_ready r
       where r.lane = p_lane and r.rank = v_rank::smallint and r.turn is null and r.run_at <= now()
       order by r.run_at, r.id limit 200 for update skip locked
    loop
      update tenon.outbox_ready r set turn = tenon.outbox_turn(p_lane, v_rank::smallint, v_row.owner)
       where r.id = v_row.id;
    end loop;
  end loop;
end
$$;

-- Records results like outbox_complete, then claims up to p_n due rows: by rank, and inside a rank by turns among
-- users. Rows of an expired lease return by themselves.
create or replace function tenon.outbox_claim(
  p_lane text, p_lease bigint, p_lease_seconds int, p_n int, p_done bigint[] default '{}', p_failed jsonb default '[]'
)
returns table (lease_id bigint, id bigint, kind text, user_id uuid, payload jsonb, attempt int,
               created_at timestamptz)
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set enable_bitmapscan = off
set enable_sort = off as $$
#variable_conflict use_column
declare
  v_lost tenon.outbox_leases;
  v_taken bigint[];
  v_lease bigint;
begin
  if p_lane is null or p_n is null or p_n < 0 or p_lease_seconds is null or p_lease_seconds <= 0 then
    raise exception 'A claim needs a lane, a number and a time' using errcode = '22023';
  end if;
  perform tenon.outbox_complete(p_lease, p_lease_seconds, p_done, p_failed);

  for v_lost in
    select * from tenon.outbox_leases l where l.lane = p_lane and l.expires_at < now() order by l.id
       for update skip locked
  loop
    with mine as (
      select o.id from tenon.outbox o where o.id = any (v_lost.ids) and o.state = 'ready'
       order by o.id for no key update
    ), tried as (
      update tenon.outbox o set attempts = o.attempts + 1, last_error = 'the worker was lost'
        from mine where o.id = mine.id returning o.id, o.rank, o.user_id
    )
    insert into tenon.outbox_ready (lane, run_at, id, rank, owner)
    select p_lane, now(), t.id, t.rank, coalesce(t.user_id, '00000000-0000-0000-0000-000000000000') from tried t;
    delete from tenon.outbox_leases l where l.id = v_lost.id;
  end loop;

  perform tenon.outbox_take_turns(p_lane);

  with due as (
    select r.ctid as place from tenon.outbox_ready r where r.lane = p_lane and r.turn is not null
     order by r.rank, r.turn, r.id limit p_n for update skip locked
  ), gone as (
    delete from tenon.outbox_ready r where r.ctid = any (array(select d.place from due d)) returning r.id
  )
  select array_agg(gone.id) into v_taken from gone;
  if v_taken is null then
    return;
  end if;
  v_taken := array(select o.id from tenon.outbox o where o.id = any (v_taken) and o.state = 'ready' order by o.id);
  if cardinality(v_taken) = 0 then
    return;
  end if;

  update tenon.outbox_leases l
     set ids = l.ids || v_taken, expires_at = now() + make_interval(secs => p_lease_seconds)
   where l.id = p_lease and l.lane = p_lane
  returning l.id into v_lease;
  if v_lease is null then
    insert into tenon.outbox_leases as l (lane, ids, expires_at)
    values (p_lane, v_taken, now() + make_interval(secs => p_lease_seconds))
    returning l.id into v_lease;
  end if;
  return query
    select v_lease, o.id, o.kind, o.user_id, o.payload, o.attempts + 1, o.created_at
      from tenon.outbox o where o.id = any (v_taken) order by o.id;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.outbox_put(text, text, uuid, jsonb, timestamptz),
  tenon.outbox_put_ranked(text, text, uuid, jsonb, timestamptz, smallint),
  tenon.outbox_complete(bigint, int, bigint[], jsonb),
  tenon.outbox_claim(text, bigint, int, int, bigint[], jsonb)
  to service_role;
