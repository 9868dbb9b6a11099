-- The devices from which somebody signed in before: what is not among them is told to him by mail. A device is the hash
-- of its cookie, or of what its program calls itself.
create table tenon.known_devices (
  user_id uuid not null references auth.users (id) on delete cascade,
  device bytea not null check (octet_length(device) = 32),
  first_seen timestamptz not null default now(),
  last_seen timestamptz not null default now(),
  primary key (user_id, device)
);
create index known_devices_seen_idx on tenon.known_devices (user_id, last_seen desc);
alter table tenon.known_devices enable row level security;
revoke all on tenon.known_devices from public, anon, authenticated;
grant select, insert, update, delete on tenon.known_devices to service_role;
create policy service_all on tenon.known_devices to service_role using (true) with check (true);
