-- Tenon's own data about users, beside auth.users: profile, notification preferences, administrators, known devices,
-- recovery codes.

create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  stripe_customer_id text unique check (char_length(stripe_customer_id) <= 255),
  subscription_tier text check (subscription_tier in ('starter', 'pro', 'enterprise')),
  subscription_status text default 'none' check (subscription_status in
    ('none', 'incomplete', 'trialing', 'active', 'past_due', 'unpaid', 'paused', 'canceled')),
  display_name text not null default '' check (char_length(display_name) <= 100),
  -- The language of emails: always set, at first to the browser's language at sign-up.
  locale text not null default 'en'
    check (locale ~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$' and char_length(locale) <= 35),
  time_zone text not null default 'UTC' check (char_length(time_zone) between 1 and 64),
  theme text not null default 'system' check (theme in ('system', 'light', 'dark')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- The language chosen for pages; null: as the browser asks.
  chosen_locale text
    check (chosen_locale ~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$' and char_length(chosen_locale) <= 35)
);
alter table public.profiles enable row level security;
revoke all on public.profiles from public, anon, authenticated, service_role;
create policy service_all on public.profiles to service_role using (true) with check (true);
create policy profiles_select_own on public.profiles for select to authenticated using ((select auth.uid()) = id);
create policy profiles_update_own on public.profiles for update to authenticated
  using ((select auth.uid()) = id) with check ((select auth.uid()) = id);
grant select on public.profiles to authenticated;
grant update (display_name, locale, chosen_locale, time_zone, theme) on public.profiles to authenticated;
grant select, insert, update, delete on public.profiles to service_role;

create table public.user_notification_prefs (
  user_id uuid primary key references auth.users (id) on delete cascade,
  email_job_completed boolean not null default true,
  email_job_failed boolean not null default true,
  email_credits_low boolean not null default true,
  marketing_opt_in boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
alter table public.user_notification_prefs enable row level security;
revoke all on public.user_notification_prefs from public, anon, authenticated, service_role;
create policy service_all on public.user_notification_prefs to service_role using (true) with check (true);
create policy user_notification_prefs_select_own on public.user_notification_prefs for select to authenticated
  using ((select auth.uid()) = user_id);
create policy user_notification_prefs_insert_own on public.user_notification_prefs for insert to authenticated
  with check ((select auth.uid()) = user_id);
create policy user_notification_prefs_update_own on public.user_notification_prefs for update to authenticated
  using ((select auth.uid()) = user_id) with check ((select auth.uid()) = user_id);
grant select on public.user_notification_prefs to authenticated;
grant insert (user_id, email_job_completed, email_job_failed, email_credits_low, marketing_opt_in),
      update (email_job_completed, email_job_failed, email_credits_low, marketing_opt_in)
  on public.user_notification_prefs to authenticated;
grant select, insert, update, delete on public.user_notification_prefs to service_role;

create table tenon.admins (
  user_id uuid primary key references auth.users (id) on delete cascade,
  granted_by uuid,
  created_at timestamptz not null default now()
);
grant select, insert, update, delete on tenon.admins to service_role;

-- Devices that a user has signed in from; a sign-in from another one sends an email. A device is the SHA-256 of its
-- cookie, or of its User-Agent where there is no cookie.
create table tenon.known_devices (
  user_id uuid not null references auth.users (id) on delete cascade,
  device bytea not null check (octet_length(device) = 32),
  first_seen timestamptz not null default now(),
  last_seen timestamptz not null default now(),
  primary key (user_id, device)
);
create index known_devices_seen_idx on tenon.known_devices (user_id, last_seen desc);
alter table tenon.known_devices enable row level security;
create policy service_all on tenon.known_devices to service_role using (true) with check (true);
grant select, insert, update, delete on tenon.known_devices to service_role;

-- Single-use codes that replace a lost second factor. Only their keyed hashes are stored.
create table tenon.recovery_codes (
  user_id uuid not null references auth.users (id) on delete cascade,
  code_hash bytea not null check (octet_length(code_hash) = 32),
  created_at timestamptz not null default now(),
  primary key (user_id, code_hash)
);
alter table tenon.recovery_codes enable row level security;
create policy service_all on tenon.recovery_codes to service_role using (true) with check (true);
grant select, insert, update, delete on tenon.recovery_codes to service_role;
