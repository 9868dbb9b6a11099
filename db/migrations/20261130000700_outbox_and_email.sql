-- Side effects leave as outbox rows written in the transaction that caused them, and the worker delivers them. An
-- outbox row is written twice: when it is put and when it ends. Claims move only the narrow rows of outbox_ready and
-- one lease per worker and lane.

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
alter table public.email_log enable row level security;
revoke all on public.email_log from public, anon, authenticated, service_role;
create policy service_all on public.email_log to service_role using (true) with check (true);
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
