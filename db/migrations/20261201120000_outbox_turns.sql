-- Turns among users in each lane of the outbox, emails of sign-in before all others, and what an hour's digest counts.
-- A lane's waiting rows are due (`turn` is set) or later (`turn` is null until `run_at`); each kind has an index of its
-- own, so that a claim reads what it takes and nothing else.

alter table tenon.outbox add column rank smallint not null default 1;  -- 0: somebody waits at the screen for it

alter table tenon.outbox_ready
  add column rank smallint not null default 1,
  add column owner uuid not null default '00000000-0000-0000-0000-000000000000',  -- whose turn; zeros: the product's
  add column turn bigint;
alter table tenon.outbox_ready drop constraint outbox_ready_pkey, add primary key (id);
create index outbox_ready_turn_idx on tenon.outbox_ready (lane, rank, turn, id) where turn is not null;
create index outbox_ready_owner_idx on tenon.outbox_ready (lane, rank, owner, turn) where turn is not null;
create index outbox_ready_later_idx on tenon.outbox_ready (lane, rank, run_at, id) where turn is null;

create table tenon.job_email_hours (
  user_id uuid not null references auth.users (id) on delete cascade,
  hour timestamptz not null,
  emails int not null default 1,
  completed int not null default 0,  -- jobs in the hour's digest
  failed int not null default 0,
  primary key (user_id, hour)
) with (fillfactor = 70);
create index job_email_hours_hour_idx on tenon.job_email_hours (hour);
grant select, insert, update, delete on tenon.job_email_hours to service_role;
