-- Tables for operation: audit trail, idempotency keys, rate limits, scheduled tasks, cookie consents.

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
-- Of several processes, the one whose insert succeeds runs the task.
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
  on tenon.idempotency, tenon.rate_buckets, tenon.cron, tenon.cron_runs, tenon.consents
  to service_role;
grant select, insert on tenon.audit_log to service_role;
