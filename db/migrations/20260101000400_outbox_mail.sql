-- Side effects leave as rows written in the transaction that caused them. The lean queue: an outbox row is written
-- when put and when it ends; claims move only narrow ready rows and one lease row per worker and lane.

create table tenon.outbox (
  id bigint generated always as identity primary key,
  lane text not null check (lane in ('mail', 'stripe', 'meta', 'webhook', 'storage', 'system', 'noop')),
  kind text not null check (char_length(kind) between 1 and 100),
  user_id uuid,
  payload jsonb not null default '{}',
  state text not null default 'ready' check (state in ('ready', 'done', 'failed')),
  attempts int not null default 0,
  last_error text,
  created_at timestamptz not null default now(),
  ended_at timestamptz
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01);
create index outbox_user_idx on tenon.outbox (user_id) where state = 'ready';
create index outbox_ended_idx on tenon.outbox (ended_at) where ended_at is not null;
create index outbox_failed_idx on tenon.outbox (lane, id) where state = 'failed';

create table tenon.outbox_ready (
  lane text not null,
  run_at timestamptz not null,
  id bigint not null,
  primary key (lane, run_at, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

create table tenon.outbox_leases (
  id bigint generated always as identity primary key,
  lane text not null,
  ids bigint[] not null,
  expires_at timestamptz not null
) with (fillfactor = 20);
create index outbox_leases_expires_idx on tenon.outbox_leases (lane, expires_at);

create function tenon.outbox_put(p_lane text, p_kind text, p_user uuid, p_payload jsonb default '{}',
                                 p_run_at timestamptz default now()) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  v_id bigint;
begin
  insert into tenon.outbox (lane, kind, user_id, payload) values (p_lane, p_kind, p_user, coalesce(p_payload, '{}'))
  returning id into v_id;
  insert into tenon.outbox_ready (lane, run_at, id) values (p_lane, coalesce(p_run_at, now()), v_id);
  if coalesce(p_run_at, now()) <= now()
     and (select count(*)
            from (select from tenon.outbox_ready where lane = p_lane and run_at <= now() limit 20) as w) < 20
  then
    perform pg_notify('tenon_outbox', p_lane);
  end if;
  return v_id;
end
$$;

-- Rows that the deletion of an account holds locked are skipped: they are about to vanish.
create function tenon.outbox_complete(p_lease bigint, p_lease_seconds int, p_done bigint[],
                                      p_failed jsonb default '[]') returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_held bigint[];
  v_done bigint[] := '{}';
  v_failed bigint[] := '{}';
begin
  select ids into v_held from tenon.outbox_leases where id = p_lease for no key update;
  v_held := coalesce(v_held, '{}');

  if cardinality(p_done) > 0 then
    -- A delivery is done whoever holds the row by now; a ready row left over is dropped by the next claim.
    with mine as (
      select id from tenon.outbox where id = any (p_done) and state = 'ready' order by id for no key update skip locked
    ), ended as (
      -- A mail's payload may hold a one-use link: what was sent is not kept in the clear.
      update tenon.outbox o
         set state = 'done', ended_at = now(), last_error = null,
             payload = case when o.kind = 'mail' then o.payload - 'url' - 'code' else o.payload end
        from mine where o.id = mine.id returning o.id
    )
    select coalesce(array_agg(id), '{}') into v_done from ended;
  end if;

  if jsonb_array_length(coalesce(p_failed, '[]')) > 0 then
    with told as (
      select (f ->> 'id')::bigint as id, left(f ->> 'error', 2000) as error, (f ->> 'retry_seconds')::float8 as again
        from jsonb_array_elements(p_failed) as f
    ), mine as (
      select o.id, o.lane, t.error, t.again
        from tenon.outbox o join told t on t.id = o.id
       where o.state = 'ready' and o.id = any (v_held)
       order by o.id for no key update of o skip locked
    ), ended as (
      update tenon.outbox o
         set attempts = o.attempts + 1, last_error = m.error,
             state = case when m.again is null then 'failed' else 'ready' end,
             payload = case when o.kind = 'mail' and m.again is null then o.payload - 'url' - 'code' else o.payload end,
             ended_at = case when m.again is null then now() end
        from mine m where o.id = m.id
      returning o.id
    ), waits as (
      insert into tenon.outbox_ready (lane, run_at, id)
      select m.lane, now() + make_interval(secs => greatest(m.again, 0)), m.id from mine m where m.again is not null
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

create function tenon.outbox_claim(p_lane text, p_lease bigint, p_lease_seconds int, p_n int,
                                   p_done bigint[] default '{}', p_failed jsonb default '[]')
returns table (lease_id bigint, id bigint, kind text, user_id uuid, payload jsonb, attempt int, created_at timestamptz)
language plpgsql security definer set search_path = '' set plan_cache_mode = force_generic_plan
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set enable_bitmapscan = off as $$
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
        from mine where o.id = mine.id returning o.id
    )
    insert into tenon.outbox_ready (lane, run_at, id) select p_lane, now(), t.id from tried t;
    delete from tenon.outbox_leases l where l.id = v_lost.id;
  end loop;

  with due as (
    select r.ctid as place from tenon.outbox_ready r where r.lane = p_lane and r.run_at <= now()
     order by r.run_at, r.id limit p_n for update skip locked
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

create table public.email_log (
  id uuid primary key default gen_random_uuid(),
  user_id uuid references auth.users (id) on delete set null,
  kind text not null check (char_length(kind) between 1 and 60),
  to_email text not null check (char_length(to_email) <= 320),
  subject text not null default '' check (char_length(subject) <= 998),
  resend_id text,
  status text not null default 'queued' check (status in
    ('queued', 'sending', 'sent', 'delivered', 'bounced', 'complained', 'suppressed', 'failed', 'skipped')),
  error_message text check (char_length(error_message) <= 4000),
  created_at timestamptz not null default now(),
  entity text check (char_length(entity) between 1 and 200),
  attempts int not null default 0,
  last_event_at timestamptz
);
create unique index email_log_kind_entity_idx on public.email_log (kind, entity) where entity is not null;
create index email_log_user_idx on public.email_log (user_id, created_at desc, id desc);
create index email_log_resend_idx on public.email_log (resend_id) where resend_id is not null;
create index email_log_created_idx on public.email_log (created_at);
select tenon.protect_table('public.email_log');
create policy email_log_select_own on public.email_log for select to authenticated
  using ((select auth.uid()) = user_id);
grant select on public.email_log to authenticated;
grant select, insert, update, delete on public.email_log to service_role;

create table tenon.email_suppressions (
  address text primary key check (address = lower(address)),
  reason text not null,
  created_at timestamptz not null default now()
);
create table tenon.mail_events (
  svix_id text primary key,
  type text not null default '',
  received_at timestamptz not null default now()
);
create index mail_events_received_idx on tenon.mail_events (received_at);
grant select, insert, update, delete
  on tenon.outbox, tenon.outbox_ready, tenon.outbox_leases, tenon.email_suppressions, tenon.mail_events to service_role;

create function tenon.queue_mail(p_user uuid, p_kind text, p_entity text, p_extra jsonb default '{}',
                                 p_to text default null) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_to text := coalesce(p_to, (select u.email from auth.users u where u.id = p_user), '');
  v_wanted boolean := true;
  v_status text;
  v_id uuid;
begin
  if p_kind in ('job_completed', 'job_failed', 'credits_low') then
    select case p_kind when 'job_completed' then p.email_job_completed
                       when 'job_failed' then p.email_job_failed
                       else p.email_credits_low end
      into v_wanted from public.user_notification_prefs p where p.user_id = p_user;
    v_wanted := coalesce(v_wanted, true);
  end if;
  v_status := case
    when not v_wanted or v_to = '' then 'skipped'
    when exists (select from tenon.email_suppressions s where s.address = lower(v_to)) then 'suppressed'
    else 'queued' end;
  insert into public.email_log (id, user_id, kind, to_email, status, entity)
  values (tenon.uuid7(), p_user, p_kind, v_to, v_status, p_entity)
  on conflict (kind, entity) where entity is not null do nothing
  returning id into v_id;
  if v_id is not null and v_status = 'queued' then
    perform tenon.outbox_put('mail', 'mail', p_user,
                             jsonb_build_object('email_log_id', v_id) || coalesce(p_extra, '{}'));
  end if;
  return v_id;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function tenon.outbox_put, tenon.outbox_complete, tenon.outbox_claim, tenon.queue_mail to service_role;
