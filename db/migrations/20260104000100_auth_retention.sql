-- How long sign-in keeps what is over: events a year, ended sessions, used tokens and challenges 30 days (spec/schema.md
-- 11). Each delete finds its rows by an index on their time. A token that is gone is refused like an unknown one; the
-- newest of every session stays as long as the session.
create function tenon.prune_auth(p_n int default 5000) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_count int := 0;
  v_rows int;
begin
  delete from auth.audit_log_entries where id in (
    select id from auth.audit_log_entries where created_at < now() - interval '1 year' order by created_at limit p_n
       for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from auth.sessions where id in (
    select id from auth.sessions where not_after < now() - interval '30 days' order by not_after limit p_n
       for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from auth.refresh_tokens where id in (
    select id from auth.refresh_tokens where revoked and updated_at < now() - interval '30 days' order by updated_at
     limit p_n for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from auth.mfa_challenges where id in (
    select id from auth.mfa_challenges where created_at < now() - interval '30 days' order by created_at limit p_n
       for update skip locked);
  get diagnostics v_rows = row_count;
  return v_count + v_rows;
end
$$;
revoke all on function tenon.prune_auth from public, anon, authenticated;
grant execute on function tenon.prune_auth to service_role;
