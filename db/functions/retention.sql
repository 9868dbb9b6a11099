-- Retention: each call deletes one batch of every kind of expired row. The worker calls these every hour until they
-- return 0.

create or replace function tenon.prune(p_n int default 5000) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_count int := 0;
  v_rows int;
begin
  delete from tenon.outbox where id in (
    select id from tenon.outbox
     where ended_at < now() - case state when 'failed' then interval '90 days' else interval '7 days' end
     order by ended_at limit p_n for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.idempotency where ctid = any (array(
    select ctid from tenon.idempotency where created_at < now() - interval '48 hours' limit p_n
       for update skip locked));
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  update tenon.stripe_events set payload = null where id in (
    select id from tenon.stripe_events
     where payload is not null and received_at < now() - interval '90 days' order by received_at limit p_n
       for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from public.email_log where id in (
    select id from public.email_log where created_at < now() - interval '1 year' order by created_at limit p_n
       for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.mail_events where svix_id in (
    select svix_id from tenon.mail_events where received_at < now() - interval '1 year' order by received_at limit p_n
       for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.job_email_hours where ctid = any (array(
    select ctid from tenon.job_email_hours where hour < now() - interval '7 days' limit p_n for update skip locked));
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.consents where id in (
    select c.id from tenon.consents c where c.at < now() - interval '5 years'
       and not exists (select from tenon.consents later where later.at >= now() - interval '5 years'
                          and (later.user_id = c.user_id or later.visitor = c.visitor))
     order by c.at limit p_n for update skip locked);
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.cron_runs where ctid = any (array(
    select ctid from tenon.cron_runs where due_at < now() - interval '90 days' limit p_n for update skip locked));
  get diagnostics v_rows = row_count;
  v_count := v_count + v_rows;
  delete from tenon.rate_buckets where key in (
    select key from tenon.rate_buckets
     where at < now() - interval '1 hour' and (key not like 'auth:%' or at < now() - interval '25 hours')
     order by at limit p_n for update skip locked);
  get diagnostics v_rows = row_count;
  return v_count + v_rows;
end
$$;

-- Sign-in data: events for a year; ended sessions, used tokens and challenges for 30 days. A token that was deleted is
-- refused like an unknown one; the newest token of each session stays as long as the session.
create or replace function tenon.prune_auth(p_n int default 5000) returns int
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

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.prune(int), tenon.prune_auth(int)
  to service_role;
