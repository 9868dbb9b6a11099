-- Two users, every table: each sees and changes only their own rows, and another's row looks like a missing one.
begin;
select plan(56);
create temp table ids as select t.user('ada@example.com', 100) as ada, t.user('bob@example.com', 100) as bob;
create temp table job as select u.user_id, t.job(u.user_id, 5) as id from (select unnest(array[ada, bob]) as user_id from ids) u;
insert into public.job_steps (job_id, user_id, n, name) select id, user_id, 0, 'probe' from job;
insert into public.assets (project_id, user_id, job_id, type, path)
  select project_id, user_id, id, 'input', 'project-assets/u_' || user_id || '/a' from public.jobs;
insert into public.user_notification_prefs (user_id) select user_id from job;
insert into public.email_log (user_id, kind, to_email) select user_id, 'welcome', 'x@example.com' from job;
insert into public.subscriptions (id, user_id, status) select 'sub_' || user_id, user_id, 'active' from job;
insert into public.invoices (id, user_id) select 'in_' || user_id, user_id from job;
insert into public.checkouts (user_id, plan, mode, idempotency_key) select user_id, 'pack_25', 'payment', 'k' from job;
insert into public.usage_daily (user_id, day, metric) select user_id, '2026-01-01', 'seconds' from job;

create temp table owned (name text, col text);
insert into owned select unnest(array['projects', 'jobs', 'job_steps', 'assets', 'credit_accounts', 'credit_ledger', 'credit_balance',
  'user_notification_prefs', 'email_log', 'subscriptions', 'invoices', 'checkouts', 'usage_daily']), 'user_id' union all select 'profiles', 'id';

select set_eq($$ select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') $$, 'select name from owned',
  'this test knows every table');
select is(t.run('authenticated', ada, format('select count(*) > 0 and bool_and(%I = %L) from public.%I', col, ada, name)), 'true',
          name || ': owners see their rows and no others') from owned, ids;
select is(t.run('authenticated', null, format('select count(%I) from public.%I', col, name)), '0', name || ': nobody sees nothing') from owned;
select is(t.run('service_role', null, format('select count(distinct %I) from public.%I', col, name)), '2', name || ': the service sees both') from owned;

select is(t.run('authenticated', ada, format('insert into public.projects (user_id, title) values (%L, %L)', ada, 'Mine')), '1', 'a project of one''s own') from ids;
select is(t.run('authenticated', ada, format('insert into public.projects (user_id, title) values (%L, %L)', bob, 'His')), '42501', 'not one of another''s') from ids;
select is(t.run('authenticated', ada, format('update public.projects set title = %L where user_id = %L', 'Stolen', bob)), '0', 'another''s title is out of reach') from ids;
select is(t.run('authenticated', ada, format('delete from public.projects where user_id = %L', bob)), '0', 'and cannot be deleted') from ids;
select is(t.run('authenticated', ada, format('update public.projects set user_id = %L where title = %L', bob, 'Mine')), '42501', 'nor given away') from ids;
select is(t.run('authenticated', ada, 'update public.projects set status = ''ready'''), '42501', 'status is not theirs to set') from ids;
select is(t.run('authenticated', ada, 'delete from public.projects where title = ''Mine'''), '1', 'one''s own can be deleted') from ids;
select is(t.run('authenticated', ada, 'update public.user_notification_prefs set marketing_opt_in = true'), '1', 'preferences: only the own row') from ids;
select is(t.run('authenticated', ada, format('update public.user_notification_prefs set user_id = %L', bob)), '42501', 'which cannot move') from ids;
select is(t.run('authenticated', ada, format('update public.profiles set theme = %L', 'dark')), '1', 'profile: only the own row') from ids;
select is((select array_agg(distinct theme order by theme) from public.profiles p, ids where p.id in (ada, bob)), array['dark', 'system'], 'and the other is as it was');
-- Rows of one user never point at rows of another.
select is(t.service(format('insert into public.jobs (project_id, user_id) select project_id, %L from public.jobs where user_id = %L', ada, bob)), '23503',
          'no job on another''s project') from ids;
select is(t.service(format('insert into public.assets (project_id, user_id, job_id, type, path) select a.project_id, a.user_id, b.id, ''input'', ''x/y'' from public.jobs a, public.jobs b where a.user_id = %L and b.user_id = %L', ada, bob)),
          '23503', 'no asset on another''s job') from ids;
select * from finish();
rollback;
