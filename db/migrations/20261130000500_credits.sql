-- Credits: one account per user, and the ledger of everything that changed it. The ledger is append-only, and the sum
-- of a user's rows equals the account's balance at every instant (db/functions/credits.sql).

-- No foreign key to auth.users: the books outlive the user. The row is also the lock of everything a user owns.
create table public.credit_accounts (
  user_id uuid primary key,
  balance bigint not null default 0,
  seq bigint not null default 0,                        -- number of the latest ledger row
  low_at int not null default 10 check (low_at >= 0),   -- the email about low credits is sent below this balance
  low_armed boolean not null default false,             -- ... and only once per purchase
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
) with (fillfactor = 50);
alter table public.credit_accounts enable row level security;
revoke all on public.credit_accounts from public, anon, authenticated, service_role;
create policy service_all on public.credit_accounts to service_role using (true) with check (true);
create policy credit_accounts_select_own on public.credit_accounts for select to authenticated
  using ((select auth.uid()) = user_id);
grant select (user_id, balance) on public.credit_accounts to authenticated;
grant select on public.credit_accounts to service_role;

create view public.credit_balance with (security_invoker = true) as
  select user_id, balance from public.credit_accounts;
revoke all on public.credit_balance from public, anon, authenticated, service_role;
grant select on public.credit_balance to authenticated, service_role;

-- No foreign keys: rows stay after the user and the job are deleted. The insert trigger verifies both.
create table public.credit_ledger (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  job_id uuid,
  type public.ledger_type not null,
  amount int not null,
  note text check (char_length(note) <= 500),
  created_at timestamptz not null default now(),
  business_key text not null unique check (char_length(business_key) between 1 and 300),
  seq bigint not null,
  balance_after bigint not null,
  actor text check (char_length(actor) <= 200),
  constraint credit_ledger_user_seq_key unique (user_id, seq),
  constraint credit_ledger_amount_check check (case
    when type in ('purchase', 'release') then amount > 0
    when type in ('reserve', 'spend') then amount < 0
    else amount <> 0 end)
);
create index credit_ledger_job_idx on public.credit_ledger (job_id) where job_id is not null;
create index credit_ledger_purchases_idx on public.credit_ledger (user_id, created_at) where type = 'purchase';
alter table public.credit_ledger enable row level security;
revoke all on public.credit_ledger from public, anon, authenticated, service_role;
create policy service_all on public.credit_ledger to service_role using (true) with check (true);
create policy credit_ledger_select_own on public.credit_ledger for select to authenticated
  using ((select auth.uid()) = user_id);
grant select on public.credit_ledger to authenticated, service_role;
grant insert (id, user_id, job_id, type, amount, note, business_key, actor) on public.credit_ledger to service_role;
