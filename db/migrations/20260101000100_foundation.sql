-- The two schemas, what every table shares, and what belongs to a person: account, profile, preferences.

create schema if not exists tenon;
revoke all on schema tenon from public;
grant usage on schema tenon to service_role;

-- The runner makes this table before it runs the first file; elsewhere (another migration tool) it stays empty.
create table if not exists tenon.migrations (
  version text primary key,
  checksum text not null,
  applied_at timestamptz not null default now()
);

create type public.project_status as enum ('draft', 'processing', 'ready', 'failed');
create type public.job_status as enum ('QUEUED', 'PROCESSING', 'READY', 'FAILED');
create type public.asset_type as enum ('input', 'output', 'intermediate');
create type public.ledger_type as enum ('purchase', 'reserve', 'release', 'spend', 'refund', 'admin_adjust');

-- Random ids spread each write over every index page once a table is large; these are ordered by time.
create function tenon.uuid7() returns uuid language sql volatile set search_path = '' as $$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
              placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6),
      52, 1), 53, 1),
    'hex')::uuid
$$;

create function tenon.touch_updated_at() returns trigger language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end
$$;

-- Each migration that creates a table in public calls this, then states its policies and grants.
create function tenon.protect_table(p_table regclass) returns void language plpgsql set search_path = '' as $$
begin
  execute format('alter table %s enable row level security', p_table);
  execute format('revoke all on %s from public, anon, authenticated, service_role', p_table);
  execute format('create policy service_all on %s to service_role using (true) with check (true)', p_table);
end
$$;

-- No foreign key to auth.users: the books outlive the person. The row is the lock of everything a user owns.
create table public.credit_accounts (
  user_id uuid primary key,
  balance bigint not null default 0,
  seq bigint not null default 0,
  low_at int not null default 10 check (low_at >= 0),
  low_armed boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
) with (fillfactor = 50);
select tenon.protect_table('public.credit_accounts');
create policy credit_accounts_select_own on public.credit_accounts for select to authenticated
  using ((select auth.uid()) = user_id);
grant select (user_id, balance) on public.credit_accounts to authenticated;
grant select on public.credit_accounts to service_role;

create view public.credit_balance with (security_invoker = true) as
  select user_id, balance from public.credit_accounts;
revoke all on public.credit_balance from public, anon, authenticated, service_role;
grant select on public.credit_balance to authenticated, service_role;

create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  stripe_customer_id text unique check (char_length(stripe_customer_id) <= 255),
  subscription_tier text check (subscription_tier in ('starter', 'pro', 'enterprise')),
  subscription_status text default 'none' check (subscription_status in
    ('none', 'incomplete', 'trialing', 'active', 'past_due', 'unpaid', 'paused', 'canceled')),
  display_name text not null default '' check (char_length(display_name) <= 100),
  locale text not null default 'en'
    check (locale ~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$' and char_length(locale) <= 35),
  time_zone text not null default 'UTC' check (char_length(time_zone) between 1 and 64),
  theme text not null default 'system' check (theme in ('system', 'light', 'dark')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
select tenon.protect_table('public.profiles');
create policy profiles_select_own on public.profiles for select to authenticated using ((select auth.uid()) = id);
create policy profiles_update_own on public.profiles for update to authenticated
  using ((select auth.uid()) = id) with check ((select auth.uid()) = id);
grant select on public.profiles to authenticated;
grant update (display_name, locale, time_zone, theme) on public.profiles to authenticated;
grant select, insert, update, delete on public.profiles to service_role;
create trigger touch before update on public.profiles for each row execute function tenon.touch_updated_at();

create table public.user_notification_prefs (
  user_id uuid primary key references auth.users (id) on delete cascade,
  email_job_completed boolean not null default true,
  email_job_failed boolean not null default true,
  email_credits_low boolean not null default true,
  marketing_opt_in boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
select tenon.protect_table('public.user_notification_prefs');
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
create trigger touch before update on public.user_notification_prefs
  for each row execute function tenon.touch_updated_at();

-- Each new user has his account and profile in the same transaction.
create function tenon.on_user_created() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.credit_accounts (user_id) values (new.id) on conflict (user_id) do nothing;
  insert into public.profiles (id, display_name)
  values (new.id, left(coalesce(new.raw_user_meta_data ->> 'display_name', new.raw_user_meta_data ->> 'full_name',
                                new.raw_user_meta_data ->> 'name', ''), 100))
  on conflict (id) do nothing;
  return null;
end
$$;
create trigger tenon_user_created after insert on auth.users
  for each row execute function tenon.on_user_created();

-- Users first (so that a deletion waits), then the account: the head of every lock order.
create function tenon.lock_account(p_user uuid) returns public.credit_accounts
language plpgsql security definer set search_path = '' as $$
declare
  v_account public.credit_accounts;
  v_lives boolean;
begin
  perform 1 from auth.users where id = p_user for key share;
  v_lives := found;
  select * into v_account from public.credit_accounts where user_id = p_user for no key update;
  if not found and v_lives then
    insert into public.credit_accounts (user_id) values (p_user) on conflict (user_id) do nothing;
    select * into v_account from public.credit_accounts where user_id = p_user for no key update;
  end if;
  if v_account.user_id is null then
    return null;
  end if;
  return v_account;
end
$$;

create function tenon.user_contact(p_user uuid)
returns table (email text, email_confirmed_at timestamptz, last_sign_in_at timestamptz, created_at timestamptz,
               display_name text, locale text, time_zone text)
language sql stable security definer set search_path = '' as $$
  select u.email::text, u.email_confirmed_at, u.last_sign_in_at, u.created_at, p.display_name, p.locale, p.time_zone
    from auth.users u left join public.profiles p on p.id = u.id
   where u.id = p_user
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function tenon.uuid7, tenon.lock_account, tenon.user_contact to service_role;
