-- Who ticks "news" while signing up has said so once and is not asked again: the tick travels in his metadata, as
-- whatever a sign-up brings, and becomes his preference once the address is shown to be his. Until then a stranger may
-- have written it; what the owner's own sign-up wipes is gone with the rest. Nothing else is a yes.
create function tenon.on_user_asked_for_news() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and old.email_confirmed_at is not null then
    return null;
  end if;
  insert into public.user_notification_prefs (user_id, marketing_opt_in) values (new.id, true)
  on conflict (user_id) do nothing;
  return null;
end
$$;
revoke all on function tenon.on_user_asked_for_news from public, anon, authenticated, service_role;
create trigger tenon_user_asked_for_news after insert or update of email_confirmed_at on auth.users
  for each row when (new.email_confirmed_at is not null and new.raw_user_meta_data -> 'marketing_opt_in' = 'true'::jsonb)
  execute function tenon.on_user_asked_for_news();
