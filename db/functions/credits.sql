-- Credits: the ledger, and the functions that move them. Every movement is a row of public.credit_ledger with a unique
-- business key, and the insert trigger of that table is the only code that changes a balance.

-- Locks the user, so that a deletion waits, and then the account: the first two locks of every transaction
-- (db/README.md "Lock order"). Creates the account when it is missing. All null when there is no such user.
create or replace function tenon.lock_account(p_user uuid) returns public.credit_accounts
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

-- Moves the balance for a new ledger row. A repeated business key with the same user, type and amount writes nothing;
-- with others it is an error. The trigger looks the key up itself: "on conflict do nothing" runs BEFORE triggers first,
-- and would otherwise move the balance without leaving a row.
create or replace function tenon.ledger_before_insert() returns trigger
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

  -- Only new credits arm the warning again; a released reservation does not.
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
create or replace trigger move_money before insert on public.credit_ledger
  for each row execute function tenon.ledger_before_insert();

-- Reserves credits for a job that has not finished. Repeating it with the same amount has no effect.
create or replace function public.reserve_credits(p_user_id uuid, p_job_id uuid, p_amount int) returns void
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

-- Releases the part of a reservation that the job did not use. The caller holds the job's locks and updates the job
-- row.
create or replace function tenon.settle_money(p_job public.jobs, p_cost int) returns void
language plpgsql security definer set search_path = '' as $$
begin
  if p_job.settled_at is null and p_job.cost_credits_reserved > p_cost then
    insert into public.credit_ledger (id, user_id, job_id, type, amount, note, business_key)
    values (tenon.uuid7(), p_job.user_id, p_job.id, 'release', p_job.cost_credits_reserved - p_cost, 'Refund unused',
            'release:' || p_job.id::text);
  end if;
end
$$;

-- Settles a job at its final cost and releases the rest. Cost beyond the reservation is recorded, not charged.
create or replace function public.finalize_credits(p_user_id uuid, p_job_id uuid, p_final_cost int) returns void
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

-- A charge without a reservation: `spent`, `again` (the key was used) or `too_few_credits`.
create or replace function tenon.spend_credits(p_user uuid, p_key text, p_amount int, p_note text default null)
returns text
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

-- An operator's correction, with an audit row: `done`, `again` (the key was used) or `too_few_credits`.
create or replace function tenon.admin_adjust(p_actor uuid, p_user uuid, p_amount int, p_reason text, p_key text)
returns text
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
revoke all on function
  public.reserve_credits(uuid, uuid, int), public.finalize_credits(uuid, uuid, int)
  from public, anon, authenticated, service_role;
grant execute on function
  tenon.lock_account(uuid), public.reserve_credits(uuid, uuid, int), public.finalize_credits(uuid, uuid, int),
  tenon.spend_credits(uuid, text, int, text), tenon.admin_adjust(uuid, uuid, int, text, text)
  to service_role;
