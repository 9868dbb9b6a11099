-- Admins and their audit, idempotency, rate limits, cron, consents, deletion of an account, retention.

create table tenon.admins (
  user_id uuid primary key references auth.users (id) on delete cascade,
  granted_by uuid,
  created_at timestamptz not null default now()
);

create table tenon.audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor uuid,
  action text not null check (char_length(action) between 1 and 100),
  subject text check (char_length(subject) <= 300),
  details jsonb not null default '{}',
  request_id text check (char_length(request_id) <= 100),
  seal_no bigint unique,
  hash bytea
);
create index audit_log_unsealed_idx on tenon.audit_log (id) where seal_no is null;
create index audit_log_subject_idx on tenon.audit_log (subject, id);

create table tenon.idempotency (
  user_id uuid not null,
  key text not null check (char_length(key) between 1 and 255),
  route text not null,
  request_hash text not null,
  status int,
  response jsonb,
  created_at timestamptz not null default now(),
  primary key (user_id, key)
);
create index idempotency_created_idx on tenon.idempotency (created_at);

create unlogged table tenon.rate_buckets (
  key text primary key,
  tokens double precision not null,
  at timestamptz not null
) with (fillfactor = 50);
create index rate_buckets_at_idx on tenon.rate_buckets (at);

create table tenon.cron (
  name text primary key check (char_length(name) between 1 and 100),
  expr text not null,
  tz text not null default 'UTC',
  kind text not null,
  payload jsonb not null default '{}',
  next_at timestamptz
);
-- The insert here elects the one process that runs it.
create table tenon.cron_runs (
  name text not null references tenon.cron (name) on delete cascade,
  due_at timestamptz not null,
  ran_at timestamptz not null default now(),
  primary key (name, due_at)
);

create table tenon.consents (
  id bigint generated always as identity primary key,
  user_id uuid,
  visitor uuid,
  version text not null,
  choices jsonb not null,
  at timestamptz not null default now()
);
create index consents_user_idx on tenon.consents (user_id, at desc) where user_id is not null;
create index consents_visitor_idx on tenon.consents (visitor, at desc) where visitor is not null;
create index consents_at_idx on tenon.consents (at);

grant select, insert, update, delete
  on tenon.admins, tenon.idempotency, tenon.rate_buckets, tenon.cron, tenon.cron_runs, tenon.consents, tenon.migrations
  to service_role;
grant select, insert on tenon.audit_log to service_role;

create function tenon.is_admin(p_user uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select from tenon.admins where user_id = p_user)
$$;

-- Rows are written unsealed: chaining them inside the writers' transactions would serialise all of them on one lock.
create function tenon.audit(p_actor uuid, p_action text, p_subject text, p_details jsonb default '{}',
                            p_request_id text default null) returns bigint
language sql security definer set search_path = '' as $$
  insert into tenon.audit_log (actor, action, subject, details, request_id)
  values (p_actor, p_action, p_subject, coalesce(p_details, '{}'), p_request_id) returning id
$$;

create function tenon.audit_before_insert() returns trigger language plpgsql set search_path = '' as $$
begin
  new.seal_no := null;
  new.hash := null;
  return new;
end
$$;
create trigger unsealed before insert on tenon.audit_log for each row execute function tenon.audit_before_insert();

create function tenon.audit_before_change() returns trigger language plpgsql set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and old.seal_no is null and new.seal_no is not null and new.hash is not null
     and (new.id, new.at, new.actor, new.action, new.subject, new.details, new.request_id) is not distinct from
         (old.id, old.at, old.actor, old.action, old.subject, old.details, old.request_id) then
    return new;
  end if;
  raise exception 'tenon.audit_log is append-only' using errcode = '42501';
end
$$;
create trigger append_only before update or delete on tenon.audit_log
  for each row execute function tenon.audit_before_change();
create trigger append_only_truncate before truncate on tenon.audit_log
  for each statement execute function tenon.refuse_change();

-- What is hashed: times in UTC and jsonb in its own canonical order, so that the chain can be computed again anywhere.
create function tenon.audit_hash(p_before bytea, p_row tenon.audit_log, p_seal_no bigint) returns bytea
language sql stable set search_path = '' set timezone = 'UTC' as $$
  select sha256(coalesce(p_before, ''::bytea) || convert_to(jsonb_build_object(
    'id', p_row.id, 'at', p_row.at, 'actor', p_row.actor, 'action', p_row.action, 'subject', p_row.subject,
    'details', p_row.details, 'request_id', p_row.request_id, 'seal_no', p_seal_no)::text, 'UTF8'))
$$;

create function tenon.seal_audit(p_n int default 1000) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_row tenon.audit_log;
  v_no bigint;
  v_hash bytea;
  v_count int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtext('tenon.seal_audit')) then
    return 0;
  end if;
  select seal_no, hash into v_no, v_hash from tenon.audit_log where seal_no is not null order by seal_no desc limit 1;
  v_no := coalesce(v_no, 0);
  for v_row in select * from tenon.audit_log where seal_no is null order by id limit p_n loop
    v_no := v_no + 1;
    v_hash := tenon.audit_hash(v_hash, v_row, v_no);
    update tenon.audit_log set seal_no = v_no, hash = v_hash where id = v_row.id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

-- The first seal that does not fit, or null: the chain is whole.
create function tenon.audit_broken_at() returns bigint
language plpgsql stable security definer set search_path = '' as $$
declare
  v_row tenon.audit_log;
  v_no bigint := 0;
  v_hash bytea;
begin
  for v_row in select * from tenon.audit_log where seal_no is not null order by seal_no loop
    v_no := v_no + 1;
    v_hash := tenon.audit_hash(v_hash, v_row, v_no);
    if v_row.seal_no <> v_no or v_row.hash is distinct from v_hash then
      return v_row.seal_no;
    end if;
  end loop;
  return null;
end
$$;

create function tenon.take_token(p_key text, p_cap double precision, p_per_s double precision,
                                 p_cost double precision default 1) returns double precision
language plpgsql security definer set search_path = '' as $$
declare
  v_now timestamptz := clock_timestamp();
  v_have double precision;
begin
  if p_key is null or p_cap is null or p_per_s is null or p_cost is null
     or p_cap <= 0 or p_per_s <= 0 or p_cost < 0 or p_cost > p_cap then
    raise exception 'A bucket has a key, a size, a rate, and a cost that fits in it' using errcode = '22023';
  end if;
  insert into tenon.rate_buckets (key, tokens, at) values (p_key, p_cap - p_cost, v_now) on conflict (key) do nothing;
  if found then
    return 0;
  end if;
  select least(p_cap, b.tokens + greatest(extract(epoch from v_now - b.at), 0) * p_per_s) into v_have
    from tenon.rate_buckets b where b.key = p_key for no key update;
  if v_have is null then
    return 0;  -- pruned this instant: a bucket idle that long is full
  end if;
  if v_have < p_cost then
    return (p_cost - v_have) / p_per_s;
  end if;
  update tenon.rate_buckets set tokens = v_have - p_cost, at = greatest(at, v_now) where key = p_key;
  return 0;
end
$$;

create function tenon.idempotency_begin(p_user uuid, p_key text, p_route text, p_hash text)
returns table (outcome text, status int, response jsonb)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  v_row tenon.idempotency;
begin
  insert into tenon.idempotency (user_id, key, route, request_hash) values (p_user, p_key, p_route, p_hash)
  on conflict (user_id, key) do nothing;
  if found then
    return query select 'new'::text, null::int, null::jsonb;
    return;
  end if;
  select * into v_row from tenon.idempotency i where i.user_id = p_user and i.key = p_key;
  if v_row.route is distinct from p_route or v_row.request_hash is distinct from p_hash then
    return query select 'mismatch'::text, null::int, null::jsonb;
  else
    return query select case when v_row.status is null then 'running' else 'replay' end, v_row.status, v_row.response;
  end if;
end
$$;

create function tenon.idempotency_end(p_user uuid, p_key text, p_status int, p_response jsonb) returns void
language sql security definer set search_path = '' as $$
  update tenon.idempotency set status = p_status, response = p_response where user_id = p_user and key = p_key
$$;

-- An account may be deleted by any door; the user's row is locked by then. Everything under way is ended and paid
-- back, what names the person is blanked, the books stay under a uuid that leads to nobody.
create function tenon.on_user_deleting() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  perform tenon.lock_account(old.id);
  perform 1 from public.projects where user_id = old.id order by id for no key update;
  perform 1 from tenon.tenant_lanes where user_id = old.id order by lane for no key update;
  delete from tenon.job_parked
   where job_id in (select id from public.jobs where user_id = old.id and status = 'QUEUED');
  for v_job in
    select * from public.jobs
     where user_id = old.id
       and (status in ('QUEUED', 'PROCESSING') or settled_at is null or slot)
     order by id for no key update
  loop
    if v_job.status = 'PROCESSING' then
      perform pg_notify('tenon_cancel', v_job.id::text);
    end if;
    perform tenon.end_job(v_job, v_job.status = 'READY',
                          case when v_job.status = 'READY' then v_job.cost_credits_reserved else 0 end,
                          coalesce(v_job.error_code, 'ACCOUNT_DELETED'), v_job.error_message, '{}', false);
  end loop;
  delete from tenon.tenant_lanes where user_id = old.id;
  -- Deliveries to the person go; what cleans up after him stays.
  delete from tenon.outbox
   where id in (select id from tenon.outbox
                 where user_id = old.id and state = 'ready' and lane in ('mail', 'meta', 'webhook')
                   for update skip locked);
  delete from tenon.idempotency where user_id = old.id;
  update public.email_log set to_email = '', subject = '' where user_id = old.id;
  update tenon.consents set user_id = null where user_id = old.id;
  update public.credit_accounts set deleted_at = now(), updated_at = now() where user_id = old.id;

  perform tenon.outbox_put('storage', 'erase_user_files', old.id, jsonb_build_object('user_id', old.id));
  if exists (select from public.subscriptions
              where user_id = old.id and status not in ('canceled', 'incomplete_expired')) then
    perform tenon.outbox_put('stripe', 'stripe_cancel', old.id, jsonb_build_object(
      'customer', (select stripe_customer_id from public.profiles where id = old.id),
      'subscriptions', (select jsonb_agg(id) from public.subscriptions
                         where user_id = old.id and status not in ('canceled', 'incomplete_expired'))));
  end if;
  return old;
end
$$;
create trigger tenon_user_deleting before delete on auth.users
  for each row execute function tenon.on_user_deleting();

create function tenon.delete_user(p_user uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  delete from auth.users where id = p_user;
  return found;
end
$$;

-- One batch of each kind a call; called until it says 0.
create function tenon.prune(p_n int default 5000) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_count int := 0;
  v_rows int;
begin
  delete from tenon.outbox where id in (
    select id from tenon.outbox
     where ended_at < now() - case state when 'failed' then interval '90 days' else interval '7 days' end
     order by ended_at limit p_n for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.idempotency where ctid = any (array(
    select ctid from tenon.idempotency where created_at < now() - interval '48 hours' limit p_n
       for update skip locked));
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  update tenon.stripe_events set payload = null where id in (
    select id from tenon.stripe_events
     where payload is not null and received_at < now() - interval '90 days' order by received_at limit p_n
       for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from public.email_log where id in (
    select id from public.email_log where created_at < now() - interval '1 year' order by created_at limit p_n
       for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.mail_events where svix_id in (
    select svix_id from tenon.mail_events where received_at < now() - interval '1 year' order by received_at limit p_n
       for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.consents where id in (
    select c.id from tenon.consents c where c.at < now() - interval '5 years'
       and not exists (select from tenon.consents later where later.at >= now() - interval '5 years'
                          and (later.user_id = c.user_id or later.visitor = c.visitor))
     order by c.at limit p_n for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.cron_runs where ctid = any (array(
    select ctid from tenon.cron_runs where due_at < now() - interval '90 days' limit p_n for update skip locked));
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.rate_buckets where key in (
    -- A counter of wrong guesses lives as long as the longest-lived code.
    select key from tenon.rate_buckets
     where at < now() - interval '1 hour' and (key not like 'auth:code:%' or at < now() - interval '25 hours')
     order by at limit p_n for update skip locked);
  get diagnostics v_rows = row_count;
  return v_count + v_rows;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function tenon.is_admin, tenon.audit, tenon.seal_audit, tenon.audit_broken_at, tenon.take_token,
  tenon.idempotency_begin, tenon.idempotency_end, tenon.delete_user, tenon.prune to service_role;
