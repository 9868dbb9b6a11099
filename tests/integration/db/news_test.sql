-- The tick for news at sign-up: a plain yes becomes the person's preference, anything else leaves the default.
begin;
select plan(3);
insert into auth.users (id, email, raw_user_meta_data) values
  ('00000000-0000-0000-0000-0000000000a1', 'yes@example.com', '{"marketing_opt_in": true}'),
  ('00000000-0000-0000-0000-0000000000a2', 'no@example.com', '{"marketing_opt_in": false}'),
  ('00000000-0000-0000-0000-0000000000a3', 'odd@example.com', '{"marketing_opt_in": "yes", "name": "Odd"}'),
  ('00000000-0000-0000-0000-0000000000a4', 'bare@example.com', null);
select results_eq('select user_id::text, marketing_opt_in from public.user_notification_prefs
                    where user_id::text like ''00000000-0000-0000-0000-0000000000a_''',
                  $$ values ('00000000-0000-0000-0000-0000000000a1', true) $$, 'only a yes is a yes');
select results_eq($$ select email_job_completed, email_job_failed, email_credits_low from public.user_notification_prefs
                      where user_id = '00000000-0000-0000-0000-0000000000a1' $$,
                  $$ values (true, true, true) $$, 'and takes no other mail away');
update auth.users set raw_user_meta_data = '{"marketing_opt_in": true}' where email = 'no@example.com';
select is((select count(*)::int from public.user_notification_prefs
            where user_id = '00000000-0000-0000-0000-0000000000a2'), 0, 'later the settings decide, not the metadata');
select * from finish();
rollback;
