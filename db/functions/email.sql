-- Emails are rows of public.email_log, delivered through the outbox.

-- Logs an email and queues it. Returns the email_log row's id, or null when this kind and entity were queued before; a
-- null entity is never a repetition. p_to: null means the user's address. p_extra joins the outbox payload and may hold
-- secrets such as a single-use link; email_log holds none. Emails about jobs and credits follow the user's preferences
-- (`skipped`), and an address that bounced or complained gets none (`suppressed`).
create or replace function tenon.queue_mail(
  p_user uuid, p_kind text, p_entity text, p_extra jsonb default '{}', p_to text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_to text := coalesce(p_to, (select u.email from auth.users u where u.id = p_user), '');
  v_wanted boolean := true;
  v_status text;
  v_id uuid;
begin
  if p_kind in ('job_completed', 'job_failed', 'credits_low') then
    select case p_kind when 'job_completed' then p.email_job_completed
                       when 'job_failed' then p.email_job_failed
                       else p.email_credits_low end
      into v_wanted from public.user_notification_prefs p where p.user_id = p_user;
    v_wanted := coalesce(v_wanted, true);
  end if;
  v_status := case
    when not v_wanted or v_to = '' then 'skipped'
    when exists (select from tenon.email_suppressions s where s.address = lower(v_to)) then 'suppressed'
    else 'queued' end;
  insert into public.email_log (id, user_id, kind, to_email, status, entity)
  values (tenon.uuid7(), p_user, p_kind, v_to, v_status, p_entity)
  on conflict (kind, entity) where entity is not null do nothing
  returning id into v_id;
  if v_id is not null and v_status = 'queued' then
    perform tenon.outbox_put('mail', 'mail', p_user,
                             jsonb_build_object('email_log_id', v_id) || coalesce(p_extra, '{}'));
  end if;
  return v_id;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.queue_mail(uuid, text, text, jsonb, text)
  to service_role;
