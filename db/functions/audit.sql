-- The audit trail of operators' actions: a chain of hashes that shows any later change.

-- Writes a row. It is sealed afterwards by seal_audit: chaining rows inside the writers' transactions would serialise
-- all of them on one lock.
create or replace function tenon.audit(
  p_actor uuid, p_action text, p_subject text, p_details jsonb default '{}', p_request_id text default null
) returns bigint
language sql security definer set search_path = '' as $$
  insert into tenon.audit_log (actor, action, subject, details, request_id)
  values (p_actor, p_action, p_subject, coalesce(p_details, '{}'), p_request_id) returning id
$$;

create or replace function tenon.audit_before_insert() returns trigger language plpgsql set search_path = '' as $$
begin
  new.seal_no := null;
  new.hash := null;
  return new;
end
$$;
create or replace trigger unsealed before insert on tenon.audit_log
  for each row execute function tenon.audit_before_insert();

-- Append-only, except for the one update that seals a row.
create or replace function tenon.audit_before_change() returns trigger language plpgsql set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and old.seal_no is null and new.seal_no is not null and new.hash is not null
     and (new.id, new.at, new.actor, new.action, new.subject, new.details, new.request_id) is not distinct from
         (old.id, old.at, old.actor, old.action, old.subject, old.details, old.request_id) then
    return new;
  end if;
  raise exception 'tenon.audit_log is append-only' using errcode = '42501';
end
$$;
create or replace trigger append_only before update or delete on tenon.audit_log
  for each row execute function tenon.audit_before_change();

-- The hash covers times in UTC and jsonb in its canonical order, so the chain can be recomputed anywhere.
create or replace function tenon.audit_hash(p_before bytea, p_row tenon.audit_log, p_seal_no bigint) returns bytea
language sql stable set search_path = '' set timezone = 'UTC' as $$
  select sha256(coalesce(p_before, ''::bytea) || convert_to(jsonb_build_object(
    'id', p_row.id, 'at', p_row.at, 'actor', p_row.actor, 'action', p_row.action, 'subject', p_row.subject,
    'details', p_row.details, 'request_id', p_row.request_id, 'seal_no', p_seal_no)::text, 'UTF8'))
$$;

-- Seals up to p_n rows and returns how many. Only one process at a time; the others return 0 at once.
create or replace function tenon.seal_audit(p_n int default 1000) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_row tenon.audit_log;
  v_no bigint;
  v_hash bytea;
  v_count int := 0;
begin
  if not pg_try_advisory_xact_lock(hashtext('tenon.seal_audit')) then
    return 0;
  end if;
  select seal_no, hash into v_no, v_hash from tenon.audit_log where seal_no is not null order by seal_no desc limit 1;
  v_no := coalesce(v_no, 0);
  for v_row in select * from tenon.audit_log where seal_no is null order by id limit p_n loop
    v_no := v_no + 1;
    v_hash := tenon.audit_hash(v_hash, v_row, v_no);
    update tenon.audit_log set seal_no = v_no, hash = v_hash where id = v_row.id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

-- Returns the first seal that does not match, or null when the chain is intact.
create or replace function tenon.audit_broken_at() returns bigint
language plpgsql stable security definer set search_path = '' as $$
declare
  v_row tenon.audit_log;
  v_no bigint := 0;
  v_hash bytea;
begin
  for v_row in select * from tenon.audit_log where seal_no is not null order by seal_no loop
    v_no := v_no + 1;
    v_hash := tenon.audit_hash(v_hash, v_row, v_no);
    if v_row.seal_no <> v_no or v_row.hash is distinct from v_hash then
      return v_row.seal_no;
    end if;
  end loop;
  return null;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.audit(uuid, text, text, jsonb, text), tenon.seal_audit(int), tenon.audit_broken_at()
  to service_role;
