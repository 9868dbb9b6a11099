-- Rate limits: token buckets, shared by all processes.

-- Takes tokens from a bucket. Returns 0, or the seconds to wait when there are too few.
create or replace function tenon.take_token(
  p_key text, p_cap double precision, p_per_s double precision, p_cost double precision default 1
) returns double precision
language plpgsql security definer set search_path = '' as $$
declare
  v_now timestamptz := clock_timestamp();
  v_have double precision;
begin
  if p_key is null or p_cap is null or p_per_s is null or p_cost is null
     or p_cap <= 0 or p_per_s <= 0 or p_cost < 0 or p_cost > p_cap then
    raise exception 'A bucket has a key, a size, a rate, and a cost that fits in it' using errcode = '22023';
  end if;
  insert into tenon.rate_buckets (key, tokens, at) values (p_key, p_cap - p_cost, v_now) on conflict (key) do nothing;
  if found then
    return 0;
  end if;
  select least(p_cap, b.tokens + greatest(extract(epoch from v_now - b.at), 0) * p_per_s) into v_have
    from tenon.rate_buckets b where b.key = p_key for no key update;
  if v_have is null then
    return 0;  -- pruned just now, and a bucket idle that long is full
  end if;
  if v_have < p_cost then
    return (p_cost - v_have) / p_per_s;
  end if;
  update tenon.rate_buckets set tokens = v_have - p_cost, at = greatest(at, v_now) where key = p_key;
  return 0;
end
$$;

-- The seconds until a bucket has a token, 0 when it has one. Takes none, and waits for nobody.
create or replace function tenon.token_wait(p_key text, p_per_s double precision)
returns double precision
language sql stable security definer set search_path = '' as $$
  select coalesce((
    select greatest(0, (1 - b.tokens) / p_per_s - greatest(extract(epoch from clock_timestamp() - b.at), 0))
      from tenon.rate_buckets b where b.key = p_key), 0)
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.take_token(text, double precision, double precision, double precision),
  tenon.token_wait(text, double precision)
  to service_role;
