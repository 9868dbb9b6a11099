-- Who ticks "news" while signing up has said so once and is not asked again: the tick travels in his metadata, as
-- whatever a sign-up brings, and becomes his preference together with the user. Nothing else is a yes.
create function tenon.on_user_asked_for_news() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  insert into public.user_notification_prefs (user_id, marketing_opt_in) values (new.id, true)
  on conflict (user_id) do nothing;
  return null;
end
$$;
revoke all on function tenon.on_user_asked_for_news from public, anon, authenticated, service_role;
create trigger tenon_user_asked_for_news after insert on auth.users
  for each row when (new.raw_user_meta_data -> 'marketing_opt_in' = 'true'::jsonb)
  execute function tenon.on_user_asked_for_news();
