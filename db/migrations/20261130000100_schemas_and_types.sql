-- The two schemas of the product and the enumerated types of its tables. `public` holds what users may see through the
-- data API. `tenon` holds everything internal: no role but service_role may use it.

create schema if not exists tenon;
revoke all on schema tenon from public;
grant usage on schema tenon to service_role;

-- The files that `tenon db migrate` has applied. It creates this table itself before it runs the first file; under another
-- migration tool, or psql, the table stays empty.
create table if not exists tenon.migrations (
  version text primary key,
  checksum text not null,
  applied_at timestamptz not null default now()
);
grant select, insert, update, delete on tenon.migrations to service_role;

create type public.project_status as enum ('draft', 'processing', 'ready', 'failed');
create type public.job_status as enum ('QUEUED', 'PROCESSING', 'READY', 'FAILED');
create type public.asset_type as enum ('input', 'output', 'intermediate');
create type public.ledger_type as enum ('purchase', 'reserve', 'release', 'spend', 'refund', 'admin_adjust');
