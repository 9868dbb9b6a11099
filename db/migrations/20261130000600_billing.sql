-- The state reported by Stripe: subscriptions, invoices, checkouts, payments, and the events themselves. These refer to
-- credit_accounts, not to auth.users, because they are kept after a user is deleted.

create table public.subscriptions (
  id text primary key check (char_length(id) <= 255),
  user_id uuid not null references public.credit_accounts (user_id),
  status text not null check (status in
    ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'unpaid', 'paused', 'canceled')),
  price_id text,
  tier text check (tier in ('starter', 'pro', 'enterprise')),
  period_start timestamptz,
  period_end timestamptz,
  cancel_at_period_end boolean not null default false,
  cancel_at timestamptz,
  canceled_at timestamptz,
  ended_at timestamptz,
  latest_invoice text,
  as_of timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index subscriptions_user_idx on public.subscriptions (user_id, created_at desc, id desc);
alter table public.subscriptions enable row level security;
revoke all on public.subscriptions from public, anon, authenticated, service_role;
create policy service_all on public.subscriptions to service_role using (true) with check (true);
create policy subscriptions_select_own on public.subscriptions for select to authenticated
  using ((select auth.uid()) = user_id);
grant select on public.subscriptions to authenticated;
grant select, insert, update, delete on public.subscriptions to service_role;

create table public.invoices (
  id text primary key check (char_length(id) <= 255),
  user_id uuid not null references public.credit_accounts (user_id),
  subscription_id text,
  number text,
  status text not null default 'open' check (status in ('draft', 'open', 'paid', 'uncollectible', 'void')),
  currency text not null default 'usd',
  amount_due bigint not null default 0,
  amount_paid bigint not null default 0,
  amount_refunded bigint not null default 0,
  hosted_url text,
  pdf_url text,
  payment_intent text,
  period_start timestamptz,
  period_end timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index invoices_user_idx on public.invoices (user_id, created_at desc, id desc);
create index invoices_payment_intent_idx on public.invoices (payment_intent) where payment_intent is not null;
alter table public.invoices enable row level security;
revoke all on public.invoices from public, anon, authenticated, service_role;
create policy service_all on public.invoices to service_role using (true) with check (true);
create policy invoices_select_own on public.invoices for select to authenticated
  using ((select auth.uid()) = user_id);
grant select on public.invoices to authenticated;
grant select, insert, update, delete on public.invoices to service_role;

create table public.checkouts (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.credit_accounts (user_id),
  plan text not null check (char_length(plan) between 1 and 100),
  mode text not null check (mode in ('payment', 'subscription')),
  idempotency_key text not null check (char_length(idempotency_key) between 1 and 200),
  stripe_session_id text unique,
  payment_intent text,
  status text not null default 'created' check (status in ('created', 'open', 'paid', 'expired', 'failed')),
  amount_total bigint,
  currency text,
  credits int,
  fulfilled_at timestamptz,
  ads jsonb not null default '{}',
  created_at timestamptz not null default now(),
  unique (user_id, idempotency_key)
);
create index checkouts_user_idx on public.checkouts (user_id, created_at desc, id desc);
create index checkouts_payment_intent_idx on public.checkouts (payment_intent) where payment_intent is not null;
alter table public.checkouts enable row level security;
revoke all on public.checkouts from public, anon, authenticated, service_role;
create policy service_all on public.checkouts to service_role using (true) with check (true);
create policy checkouts_select_own on public.checkouts for select to authenticated
  using ((select auth.uid()) = user_id);
grant select (id, user_id, plan, mode, status, amount_total, currency, credits, fulfilled_at, created_at)
  on public.checkouts to authenticated;
grant select, insert, update, delete on public.checkouts to service_role;

create table tenon.stripe_events (
  id text primary key,
  type text not null,
  created timestamptz,
  livemode boolean not null default false,
  object_id text,
  payload jsonb,
  state text not null default 'needs_fetch'
    check (state in ('received', 'applied', 'ignored', 'needs_fetch', 'unresolved', 'failed')),
  error text,
  received_at timestamptz not null default now(),
  applied_at timestamptz
);
create index stripe_events_open_idx on tenon.stripe_events (received_at)
  where state in ('received', 'needs_fetch', 'unresolved', 'failed');
create index stripe_events_object_idx on tenon.stripe_events (object_id);
create index stripe_events_payload_idx on tenon.stripe_events (received_at) where payload is not null;

-- One row per Stripe payment. Grant, refund and dispute may arrive in any order; each updates this row.
create table tenon.payments (
  payment_intent text primary key,
  user_id uuid,
  grant_key text unique,
  credits int,
  amount bigint,
  amount_refunded bigint not null default 0,
  disputed boolean not null default false,
  taken int not null default 0,
  charge_id text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index payments_user_idx on tenon.payments (user_id);
create index payments_charge_idx on tenon.payments (charge_id) where charge_id is not null;
grant select, insert, update, delete on tenon.stripe_events, tenon.payments to service_role;
