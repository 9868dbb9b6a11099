-- The waiting side of the queue: which jobs are ready, parked or scheduled, and which worker holds which lease. The job
-- rows themselves stay out of these small tables, so that a claim costs the same however many jobs have finished.
-- db/README.md "The queue" explains admission and the lock order.

-- One user's share of a lane.
create table tenon.tenant_lanes (
  user_id uuid not null,
  lane smallint not null,
  weight int not null default 10 check (weight between 1 and 100),
  vfinish bigint not null default 0,
  last_seq bigint not null default 0,
  admitted int not null default 0,
  cap int check (cap > 0),
  primary key (user_id, lane)
) with (fillfactor = 50);

-- seq is the job's created_at in microseconds; it orders a user's own jobs, and job_id breaks ties.
create table tenon.job_ready (
  lane smallint not null,
  band smallint not null,
  vtime bigint not null,
  seq bigint not null,
  job_id uuid not null unique,
  user_id uuid not null,
  primary key (lane, band, vtime, seq, job_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

create table tenon.job_parked (
  lane smallint not null,
  user_id uuid not null,
  band smallint not null,
  seq bigint not null,
  job_id uuid not null unique,
  primary key (lane, user_id, band, seq, job_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
create index job_parked_oldest_idx on tenon.job_parked (lane, band, seq);

create table tenon.job_timers (
  job_id uuid primary key,
  run_at timestamptz not null,
  lane smallint not null,
  user_id uuid not null,
  band smallint not null,
  seq bigint not null
);
create index job_timers_run_at_idx on tenon.job_timers (run_at);

-- One row per worker process. The expiry -infinity means that the lease is being reaped and cannot be renewed.
create table tenon.leases (
  id bigint generated always as identity primary key,
  worker text not null check (char_length(worker) <= 200),
  host text not null default '' check (char_length(host) <= 255),
  seconds int not null check (seconds between 1 and 86400),
  expires_at timestamptz not null,
  opened_at timestamptz not null default now()
) with (fillfactor = 20);
create index leases_expires_at_idx on tenon.leases (expires_at);

grant select, insert, update, delete
  on tenon.tenant_lanes, tenon.job_ready, tenon.job_parked, tenon.job_timers, tenon.leases to service_role;
