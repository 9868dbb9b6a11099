-- The ledger, and what Stripe tells. The ledger's insert trigger is the one place where money moves.

-- No foreign keys: after deletion the uuid names nobody and the rows stay. The trigger proves user and job.
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
select tenon.protect_table('public.credit_ledger');
create policy credit_ledger_select_own on public.credit_ledger for select to authenticated
  using ((select auth.uid()) = user_id);
grant select on public.credit_ledger to authenticated, service_role;
grant insert (id, user_id, job_id, type, amount, note, business_key, actor) on public.credit_ledger to service_role;

-- A BEFORE trigger that looks the key up itself: "on conflict do nothing" runs BEFORE triggers first and would
-- otherwise move the balance without leaving a row.
create function tenon.ledger_before_insert() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_account public.credit_accounts;
  v_old public.credit_ledger;
  v_balance bigint;
  v_armed boolean;
begin
  if new.user_id is null or new.amount is null or new.type is null then
    raise exception 'A ledger row needs user_id, type and amount' using errcode = '23502';
  end if;
  new.business_key := coalesce(new.business_key, new.id::text);
  v_account := tenon.lock_account(new.user_id);
  if v_account.user_id is null then
    raise exception 'No such user' using errcode = '23503';
  end if;
  if new.job_id is not null then
    perform 1 from public.jobs where id = new.job_id and user_id = new.user_id for key share;
    if not found then
      raise exception 'No such job of this user' using errcode = '23503';
    end if;
  end if;

  select * into v_old from public.credit_ledger where business_key = new.business_key;
  if found then
    if (v_old.user_id, v_old.type, v_old.amount) = (new.user_id, new.type, new.amount) then
      return null;
    end if;
    raise exception 'The ledger has another row with this key' using errcode = '23505';
  end if;

  v_balance := v_account.balance + new.amount;
  if new.amount < 0 and new.type <> 'refund' and v_balance < 0 then
    raise exception 'Insufficient credits' using errcode = 'P0001',
      detail = jsonb_build_object('balance', v_account.balance, 'needed', -new.amount::bigint)::text;
  end if;
  new.seq := v_account.seq + 1;
  new.balance_after := v_balance;

  -- Armed again by new money only: a released reservation is no reason to warn a second time.
  v_armed := v_account.low_armed or (new.amount > 0 and new.type <> 'release' and v_balance >= v_account.low_at);
  if v_armed and v_balance < v_account.low_at then
    v_armed := false;
    if v_account.deleted_at is null then
      perform tenon.queue_mail(new.user_id, 'credits_low', new.user_id::text || ':' || new.seq::text,
                               jsonb_build_object('balance', v_balance));
    end if;
  end if;
  update public.credit_accounts
     set balance = v_balance, seq = new.seq, low_armed = v_armed, updated_at = now()
   where user_id = new.user_id;
  return new;
end
$$;
create trigger move_money before insert on public.credit_ledger
  for each row execute function tenon.ledger_before_insert();

create function tenon.refuse_change() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception '%.% is append-only', tg_table_schema, tg_table_name using errcode = '42501';
end
$$;
create trigger append_only before update or delete on public.credit_ledger
  for each row execute function tenon.refuse_change();
create trigger append_only_truncate before truncate on public.credit_ledger
  for each statement execute function tenon.refuse_change();

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
select tenon.protect_table('public.subscriptions');
create policy subscriptions_select_own on public.subscriptions for select to authenticated
  using ((select auth.uid()) = user_id);
grant select on public.subscriptions to authenticated;
grant select, insert, update, delete on public.subscriptions to service_role;
create trigger touch before update on public.subscriptions for each row execute function tenon.touch_updated_at();

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
select tenon.protect_table('public.invoices');
create policy invoices_select_own on public.invoices for select to authenticated
  using ((select auth.uid()) = user_id);
grant select on public.invoices to authenticated;
grant select, insert, update, delete on public.invoices to service_role;
create trigger touch before update on public.invoices for each row execute function tenon.touch_updated_at();

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
select tenon.protect_table('public.checkouts');
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

-- The meeting place of grant, refund and dispute, in whichever order they come.
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

create function public.reserve_credits(p_user_id uuid, p_job_id uuid, p_amount int) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  if p_user_id is null or p_job_id is null or p_amount is null or p_amount <= 0 then
    raise exception 'The amount to reserve must be positive' using errcode = '22023';
  end if;
  perform tenon.lock_account(p_user_id);
  select * into v_job from public.jobs where id = p_job_id and user_id = p_user_id for no key update;
  if not found then
    raise exception 'No such job of this user' using errcode = '22023';
  end if;
  if v_job.status not in ('QUEUED', 'PROCESSING') or v_job.settled_at is not null then
    raise exception 'The job is finished' using errcode = '22023';
  end if;
  if v_job.cost_credits_reserved = p_amount then
    return;
  elsif v_job.cost_credits_reserved > 0 then
    raise exception 'The job has another reservation' using errcode = '22023';
  end if;
  insert into public.credit_ledger (id, user_id, job_id, type, amount, note, business_key)
  values (tenon.uuid7(), p_user_id, p_job_id, 'reserve', -p_amount, 'Reserve for job', 'reserve:' || p_job_id::text);
  perform set_config('tenon.internal', 'on', true);
  update public.jobs set cost_credits_reserved = p_amount where id = p_job_id;
  perform set_config('tenon.internal', '', true);
end
$$;

-- Gives back what the job did not use. The caller holds the job's locks and writes the job row itself.
create function tenon.settle_money(p_job public.jobs, p_cost int) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if p_job.settled_at is null and p_job.cost_credits_reserved > p_cost then
    insert into public.credit_ledger (id, user_id, job_id, type, amount, note, business_key)
    values (tenon.uuid7(), p_job.user_id, p_job.id, 'release', p_job.cost_credits_reserved - p_cost, 'Refund unused',
            'release:' || p_job.id::text);
  end if;
end
$$;

create function public.finalize_credits(p_user_id uuid, p_job_id uuid, p_final_cost int) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  if p_user_id is null or p_job_id is null or p_final_cost is null or p_final_cost < 0 then
    raise exception 'The final cost must not be negative' using errcode = '22023';
  end if;
  perform tenon.lock_account(p_user_id);
  select * into v_job from public.jobs where id = p_job_id and user_id = p_user_id for no key update;
  if not found then
    raise exception 'No such job of this user' using errcode = '22023';
  end if;
  if v_job.settled_at is not null then
    return;
  end if;
  perform tenon.settle_money(v_job, p_final_cost);
  if p_final_cost > v_job.cost_credits_reserved then
    raise log 'job % cost % credits, % were reserved', p_job_id, p_final_cost, v_job.cost_credits_reserved;
  end if;
  perform set_config('tenon.internal', 'on', true);
  update public.jobs
     set cost_credits_final = least(p_final_cost, v_job.cost_credits_reserved),
         cost_shortfall = greatest(p_final_cost - v_job.cost_credits_reserved, 0),
         cost_credits_reserved = 0, settled_at = now()
   where id = p_job_id;
  perform set_config('tenon.internal', '', true);
end
$$;

create function tenon.spend_credits(p_user uuid, p_key text, p_amount int, p_note text default null) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_account public.credit_accounts;
begin
  if p_user is null or p_key is null or p_key = '' or p_amount is null or p_amount <= 0 then
    raise exception 'A charge needs a key and a positive amount' using errcode = '22023';
  end if;
  v_account := tenon.lock_account(p_user);
  if exists (select from public.credit_ledger where business_key = 'spend:' || p_key and user_id = p_user
                and type = 'spend' and amount = -p_amount) then
    return 'again';
  end if;
  if coalesce(v_account.balance, 0) < p_amount then
    return 'too_few_credits';
  end if;
  insert into public.credit_ledger (id, user_id, type, amount, note, business_key)
  values (tenon.uuid7(), p_user, 'spend', -p_amount, p_note, 'spend:' || p_key);
  return 'spent';
end
$$;

create function tenon.payment_settle(p_payment_intent text) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_user uuid;
  v_account public.credit_accounts;
  v_pay tenon.payments;
  v_due int;
begin
  select user_id into v_user from tenon.payments where payment_intent = p_payment_intent;
  if v_user is null then
    return 0;
  end if;
  v_account := tenon.lock_account(v_user);
  select * into v_pay from tenon.payments where payment_intent = p_payment_intent for no key update;
  if v_pay.grant_key is null or v_pay.credits is null or v_account.user_id is null then
    return 0;
  end if;
  v_due := case
    when v_pay.disputed then v_pay.credits
    when coalesce(v_pay.amount, 0) <= 0 then case when v_pay.amount_refunded > 0 then v_pay.credits else 0 end
    else least(v_pay.credits, ceil(v_pay.credits::numeric * v_pay.amount_refunded / v_pay.amount)::int) end;
  if v_due = v_pay.taken then
    return 0;
  end if;
  insert into public.credit_ledger (id, user_id, type, amount, note, business_key)
  values (tenon.uuid7(), v_user, 'refund', v_pay.taken - v_due,
          case when v_due > v_pay.taken then 'Payment returned' else 'Payment restored' end,
          'refund:' || coalesce(v_pay.charge_id, p_payment_intent) || ':' || v_pay.amount_refunded::text || ':'
            || v_pay.disputed::text || ':' || v_account.seq::text);
  update tenon.payments set taken = v_due, updated_at = now() where payment_intent = p_payment_intent;
  return v_due - v_pay.taken;
end
$$;

create function tenon.grant_credits(p_user uuid, p_key text, p_credits int, p_note text,
                                    p_payment_intent text default null, p_amount bigint default null) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_new uuid;
begin
  if p_user is null or p_key is null or p_key = '' or p_credits is null or p_credits <= 0 then
    raise exception 'A grant needs a key and a positive number of credits' using errcode = '22023';
  end if;
  perform tenon.lock_account(p_user);
  insert into public.credit_ledger (id, user_id, type, amount, note, business_key)
  values (tenon.uuid7(), p_user, 'purchase', p_credits, p_note, p_key)
  returning id into v_new;
  if p_payment_intent is not null then
    insert into tenon.payments as p (payment_intent, user_id, grant_key, credits, amount)
    values (p_payment_intent, p_user, p_key, p_credits, p_amount)
    on conflict (payment_intent) do update
      set user_id = p_user, grant_key = p_key, credits = p_credits, amount = coalesce(p_amount, p.amount),
          updated_at = now()
      where p.user_id is not distinct from p_user and (p.grant_key is null or p.grant_key = p_key)
         or p.user_id is null;
    -- A payment that belongs to someone else is not touched: two accounts are never locked at once.
    if found then
      perform tenon.payment_settle(p_payment_intent);
    end if;
  end if;
  return case when v_new is null then 'again' else 'granted' end;
end
$$;

create function tenon.admin_adjust(p_actor uuid, p_user uuid, p_amount int, p_reason text, p_key text) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_account public.credit_accounts;
  v_new uuid;
begin
  if p_user is null or p_key is null or p_key = '' or p_amount is null or p_amount = 0
     or coalesce(btrim(p_reason), '') = '' then
    raise exception 'An adjustment needs a key, a reason and an amount' using errcode = '22023';
  end if;
  v_account := tenon.lock_account(p_user);
  if p_amount < 0 and coalesce(v_account.balance, 0) + p_amount < 0
     and not exists (select from public.credit_ledger where business_key = 'admin:' || p_key) then
    return 'too_few_credits';
  end if;
  insert into public.credit_ledger (id, user_id, type, amount, note, business_key, actor)
  values (tenon.uuid7(), p_user, 'admin_adjust', p_amount, left(p_reason, 500), 'admin:' || p_key, p_actor::text)
  returning id into v_new;
  if v_new is null then
    return 'again';
  end if;
  perform tenon.audit(p_actor, 'credits.adjusted', p_user::text,
                      jsonb_build_object('amount', p_amount, 'reason', p_reason, 'key', p_key));
  return 'done';
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
revoke all on function public.reserve_credits, public.finalize_credits from public, anon, authenticated, service_role;
grant execute on function public.reserve_credits, public.finalize_credits to service_role;
grant execute on function tenon.spend_credits, tenon.payment_settle, tenon.grant_credits, tenon.admin_adjust
  to service_role;
