-- Purchases: credits granted for a payment, and taken back by refunds and disputes. And the three columns of
-- public.profiles that belong to billing: stripe_customer_id, subscription_tier, subscription_status.

-- Brings the credits taken back for a payment to what they should be: all while it is disputed, otherwise the refunded
-- share of the amount, rounded up. It looks only at the present state of the payment, so events may arrive repeatedly
-- and in any order. Returns the credits just taken (> 0) or given back (< 0). The balance may fall below zero.
create or replace function tenon.payment_settle(p_payment_intent text) returns int
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

-- Grants purchased credits once per key: `granted`, or `again`. With a payment intent the purchase is recorded, so that
-- refunds find it, and a refund that arrived earlier takes effect now.
create or replace function tenon.grant_credits(
  p_user uuid, p_key text, p_credits int, p_note text, p_payment_intent text default null,
  p_amount bigint default null
) returns text
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
    -- A payment of another user is left alone: two accounts are never locked at once.
    if found then
      perform tenon.payment_settle(p_payment_intent);
    end if;
  end if;
  return case when v_new is null then 'again' else 'granted' end;
end
$$;

-- Stores the Stripe customer of a user, once: a customer that is there already stays. Returns the one that is stored
-- now, or null when there is no such user.
create or replace function tenon.set_stripe_customer(p_user uuid, p_customer text) returns text
language plpgsql security definer set search_path = '' as $$
begin
  if p_user is null or coalesce(p_customer, '') = '' then
    raise exception 'A Stripe customer needs a user and an id' using errcode = '22023';
  end if;
  update public.profiles set stripe_customer_id = p_customer where id = p_user and stripe_customer_id is null;
  return (select stripe_customer_id from public.profiles where id = p_user);
end
$$;

-- Stores what a user's subscription entitles to; p_tier is null without one. False when there is no such user.
create or replace function tenon.set_subscription(p_user uuid, p_tier text, p_status text) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  if p_user is null or p_status is null then
    raise exception 'A subscription needs a user and a status' using errcode = '22023';
  end if;
  update public.profiles set subscription_tier = p_tier, subscription_status = p_status where id = p_user;
  return found;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.payment_settle(text), tenon.grant_credits(uuid, text, int, text, text, bigint),
  tenon.set_stripe_customer(uuid, text), tenon.set_subscription(uuid, text, text)
  to service_role;
