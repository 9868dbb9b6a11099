-- Idempotency-Key: the first request with a key is executed, its repetitions get the same response.

-- Returns `new` (execute, then call idempotency_end), `replay` (send the stored response), `running` (the first request
-- has not finished) or `mismatch` (the key belongs to a different request).
create or replace function tenon.idempotency_begin(p_user uuid, p_key text, p_route text, p_hash text)
returns table (outcome text, status int, response jsonb)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  v_row tenon.idempotency;
begin
  insert into tenon.idempotency (user_id, key, route, request_hash) values (p_user, p_key, p_route, p_hash)
  on conflict (user_id, key) do nothing;
  if found then
    return query select 'new'::text, null::int, null::jsonb;
    return;
  end if;
  select * into v_row from tenon.idempotency i where i.user_id = p_user and i.key = p_key;
  if v_row.route is distinct from p_route or v_row.request_hash is distinct from p_hash then
    return query select 'mismatch'::text, null::int, null::jsonb;
  else
    return query select case when v_row.status is null then 'running' else 'replay' end, v_row.status, v_row.response;
  end if;
end
$$;

-- Stores the response of the first request.
create or replace function tenon.idempotency_end(p_user uuid, p_key text, p_status int, p_response jsonb) returns void
language sql security definer set search_path = '' as $$
  update tenon.idempotency set status = p_status, response = p_response where user_id = p_user and key = p_key
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.idempotency_begin(uuid, text, text, text), tenon.idempotency_end(uuid, text, int, jsonb)
  to service_role;
