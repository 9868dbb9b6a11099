-- Tables whose rows are never changed. The refusal holds for everybody, the owner of the table included.

create or replace function tenon.refuse_change() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception '%.% is append-only', tg_table_schema, tg_table_name using errcode = '42501';
end
$$;
create or replace trigger append_only before update or delete on public.credit_ledger
  for each row execute function tenon.refuse_change();
create or replace trigger append_only_truncate before truncate on public.credit_ledger
  for each statement execute function tenon.refuse_change();
create or replace trigger append_only_truncate before truncate on tenon.audit_log
  for each statement execute function tenon.refuse_change();

revoke all on all functions in schema tenon from public, anon, authenticated;
