-- The newsletter box at sign-up: `true` becomes the user's preference, anything else leaves the default.
begin;
select plan(6);
insert into auth.users (id, email, email_confirmed_at, raw_user_meta_data) values
  ('00000000-0000-0000-0000-0000000000a1', 'yes@example.com', now(), '{"marketing_opt_in": true}'),
  ('00000000-0000-0000-0000-0000000000a2', 'no@example.com', now(), '{"marketing_opt_in": false}'),
  ('00000000-0000-0000-0000-0000000000a3', 'odd@example.com', now(), '{"marketing_opt_in": "yes", "name": "Odd"}'),
  ('00000000-0000-0000-0000-0000000000a4', 'bare@example.com', now(), null),
  ('00000000-0000-0000-0000-0000000000a5', 'waits@example.com', null, '{"marketing_opt_in": true}'),
  ('00000000-0000-0000-0000-0000000000a6', 'wiped@example.com', null, '{"marketing_opt_in": true}');
select results_eq('select user_id::text, marketing_opt_in from public.user_notification_prefs
                    where user_id::text like ''00000000-0000-0000-0000-0000000000a_''',
                  $$ values ('00000000-0000-0000-0000-0000000000a1', true) $$, 'only a yes is a yes');
select results_eq($$ select email_job_completed, email_job_failed, email_credits_low from public.user_notification_prefs
                      where user_id = '00000000-0000-0000-0000-0000000000a1' $$,
                  $$ values (true, true, true) $$, 'and takes no other mail away');
update auth.users set raw_user_meta_data = '{"marketing_opt_in": true}' where email = 'no@example.com';
select is((select count(*)::int from public.user_notification_prefs
            where user_id = '00000000-0000-0000-0000-0000000000a2'), 0, 'later the settings decide, not the metadata');
update auth.users set email_confirmed_at = now(), raw_user_meta_data = '{"marketing_opt_in": true}'
 where email = 'no@example.com';
select is((select count(*)::int from public.user_notification_prefs
            where user_id = '00000000-0000-0000-0000-0000000000a2'), 0, 'nor does a second confirmation');
update auth.users set email_confirmed_at = now() where email = 'waits@example.com';
select is((select marketing_opt_in from public.user_notification_prefs
            where user_id = '00000000-0000-0000-0000-0000000000a5'), true, 'a confirmed address makes the tick count');
update auth.users set raw_user_meta_data = '{}' where email = 'wiped@example.com';
update auth.users set email_confirmed_at = now() where email = 'wiped@example.com';
select is((select count(*)::int from public.user_notification_prefs
            where user_id = '00000000-0000-0000-0000-0000000000a6'), 0, 'what a stranger ticked is gone with the metadata');
select * from finish();
rollback;
