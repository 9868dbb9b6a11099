-- Emails are rows of public.email_log, delivered through the outbox.

-- Counts one of a user's emails about jobs and credits. True for the first ten of an hour; the jobs after them are
-- counted for one digest, which goes out when the hour ends.
create or replace function tenon.count_job_email(p_user uuid, p_kind text) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
  c_an_hour constant int := 10;
  v_hour timestamptz := date_trunc('hour', now(), 'UTC');
  v_emails int;
begin
  insert into tenon.job_email_hours as h (user_id, hour) values (p_user, v_hour)
  on conflict (user_id, hour) do update
     set emails = h.emails + 1,
         completed = h.completed + (h.emails >= c_an_hour and p_kind = 'job_completed')::int,
         failed = h.failed + (h.emails >= c_an_hour and p_kind = 'job_failed')::int
  returning emails into v_emails;
  if v_emails > c_an_hour and p_kind <> 'credits_low' then
    perform tenon.queue_mail(p_user, 'jobs_digest', p_user::text || ':' || extract(epoch from v_hour)::bigint,
                             jsonb_build_object('hour', v_hour));
  end if;
  return v_emails <= c_an_hour;
end
$$;

-- Logs an email and queues it. Returns the email_log row's id, or null when this kind and entity were queued before; a
-- null entity is never a repetition. p_to: null means the user's address. p_extra joins the outbox payload and may hold
-- secrets such as a single-use link; email_log holds none. Emails about jobs and credits follow the user's preferences
-- and count_job_email (`skipped`), and an address that bounced or complained gets none (`suppressed`). Emails that
-- somebody waits for at the screen go before all others.
create or replace function tenon.queue_mail(
  p_user uuid, p_kind text, p_entity text, p_extra jsonb default '{}', p_to text default null
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
  v_to text := coalesce(p_to, (select u.email from auth.users u where u.id = p_user), '');
  v_wanted boolean := true;
  v_about_jobs boolean := p_kind in ('job_completed', 'job_failed', 'credits_low');
  v_status text;
  v_id uuid;
begin
  if v_about_jobs then
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
  if v_id is null or v_status <> 'queued' then
    return v_id;
  end if;
  if v_about_jobs and not tenon.count_job_email(p_user, p_kind) then
    update public.email_log set status = 'skipped' where id = v_id;
    return v_id;
  end if;
  perform tenon.outbox_put_ranked(
    'mail', 'mail', p_user, jsonb_build_object('email_log_id', v_id) || coalesce(p_extra, '{}'),
    case when p_kind = 'jobs_digest' then date_trunc('hour', now(), 'UTC') + interval '1 hour' else now() end,
    (case when p_kind in ('confirm', 'recovery', 'magic_link', 'email_change', 'reauthentication', 'invite')
          then 0 else 1 end)::smallint);
  return v_id;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.queue_mail(uuid, text, text, jsonb, text)
  to service_role;
