-- Codes that stand in for a lost second factor, each good once; only their keyed hashes are kept.
create table tenon.recovery_codes (
  user_id uuid not null references auth.users (id) on delete cascade,
  code_hash bytea not null check (octet_length(code_hash) = 32),
  created_at timestamptz not null default now(),
  primary key (user_id, code_hash)
);
alter table tenon.recovery_codes enable row level security;
revoke all on tenon.recovery_codes from public, anon, authenticated;
grant select, insert, update, delete on tenon.recovery_codes to service_role;
create policy service_all on tenon.recovery_codes to service_role using (true) with check (true);
