-- The life of a user: creation, confirmation, deletion.

-- Each new user gets an account and a profile in the same transaction.
create or replace function tenon.on_user_created() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.credit_accounts (user_id) values (new.id) on conflict (user_id) do nothing;
  insert into public.profiles (id, display_name)
  values (new.id, left(coalesce(new.raw_user_meta_data ->> 'display_name', new.raw_user_meta_data ->> 'full_name',
                                new.raw_user_meta_data ->> 'name', ''), 100))
  on conflict (id) do nothing;
  return null;
end
$$;
create or replace trigger tenon_user_created after insert on auth.users
  for each row execute function tenon.on_user_created();

-- The newsletter box at sign-up is stored in the user's metadata and becomes a preference once the address is
-- confirmed; until then a stranger may have written it. Only `true` is a consent.
create or replace function tenon.on_newsletter_opt_in() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and old.email_confirmed_at is not null then
    return null;
  end if;
  insert into public.user_notification_prefs (user_id, marketing_opt_in) values (new.id, true)
  on conflict (user_id) do nothing;
  return null;
end
$$;
create or replace trigger tenon_newsletter_opt_in after insert or update of email_confirmed_at on auth.users
  for each row
  when (new.email_confirmed_at is not null and new.raw_user_meta_data -> 'marketing_opt_in' = 'true'::jsonb)
  execute function tenon.on_newsletter_opt_in();

-- Runs before a user's row is deleted, whoever deletes it. Ends and refunds jobs, blanks personal data, and queues the
-- deletion of files and of Stripe subscriptions. Ledger and invoices stay, under an id that no longer leads to a
-- person.
create or replace function tenon.on_user_deleting() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs;
begin
  perform tenon.lock_account(old.id);
  perform 1 from public.projects where user_id = old.id order by id for no key update;
  perform 1 from tenon.tenant_lanes where user_id = old.id order by lane for no key update;
  delete from tenon.job_parked
   where job_id in (select id from public.jobs where user_id = old.id and status = 'QUEUED');
  for v_job in
    select * from public.jobs
     where user_id = old.id
       and (status in ('QUEUED', 'PROCESSING') or settled_at is null or slot)
     order by id for no key update
  loop
    if v_job.status = 'PROCESSING' then
      perform pg_notify('tenon_cancel', v_job.id::text);
    end if;
    perform tenon.end_job(v_job, v_job.status = 'READY',
                          case when v_job.status = 'READY' then v_job.cost_credits_reserved else 0 end,
                          coalesce(v_job.error_code, 'ACCOUNT_DELETED'), v_job.error_message, '{}', false,
                          v_job.error_params);
  end loop;
  delete from tenon.tenant_lanes where user_id = old.id;
  -- Deliveries to the user are dropped; clean-up stays.
  delete from tenon.outbox
   where id in (select id from tenon.outbox
                 where user_id = old.id and state = 'ready' and lane in ('mail', 'meta', 'webhook')
                   for update skip locked);
  delete from tenon.idempotency where user_id = old.id;
  update public.email_log set to_email = '', subject = '' where user_id = old.id;
  update tenon.consents set user_id = null where user_id = old.id;
  update public.credit_accounts set deleted_at = now(), updated_at = now() where user_id = old.id;

  perform tenon.outbox_put('storage', 'erase_user_files', old.id, jsonb_build_object('user_id', old.id));
  if exists (select from public.subscriptions
              where user_id = old.id and status not in ('canceled', 'incomplete_expired')) then
    perform tenon.outbox_put('stripe', 'stripe_cancel', old.id, jsonb_build_object(
      'customer', (select stripe_customer_id from public.profiles where id = old.id),
      'subscriptions', (select jsonb_agg(id) from public.subscriptions
                         where user_id = old.id and status not in ('canceled', 'incomplete_expired'))));
  end if;
  return old;
end
$$;
create or replace trigger tenon_user_deleting before delete on auth.users
  for each row execute function tenon.on_user_deleting();

create or replace function tenon.delete_user(p_user uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  delete from auth.users where id = p_user;
  return found;
end
$$;

-- Address, sign-in times and profile of a user. A hosted Supabase project lets nobody but the owner read auth.users.
create or replace function tenon.user_contact(p_user uuid)
returns table (email text, email_confirmed_at timestamptz, last_sign_in_at timestamptz, created_at timestamptz,
               display_name text, locale text, time_zone text)
language sql stable security definer set search_path = '' as $$
  select u.email::text, u.email_confirmed_at, u.last_sign_in_at, u.created_at, p.display_name, p.locale, p.time_zone
    from auth.users u left join public.profiles p on p.id = u.id
   where u.id = p_user
$$;

create or replace function tenon.is_admin(p_user uuid) returns boolean
language sql stable security definer set search_path = '' as $$
  select exists (select from tenon.admins where user_id = p_user)
$$;

-- Runs deferred constraint triggers now. A product's own trigger on auth.users can then fail while the user is being
-- created, when the error still becomes an API response, and not at commit.
create or replace function tenon.fire_deferred() returns void language plpgsql set search_path = '' as $$
begin
  set constraints all immediate;
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.delete_user(uuid), tenon.user_contact(uuid), tenon.is_admin(uuid), tenon.fire_deferred()
  to service_role;
