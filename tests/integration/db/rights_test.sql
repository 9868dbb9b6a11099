-- The rights of every table and function, read from the catalogue. Runs also where a hosted project's default
-- privileges hand everything to everyone, so a forgotten revoke shows here.
begin;
select plan(24);

create temp view tables as
  select c.oid, c.relname::text collate "default" as name, n.nspname::text as schema
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname in ('public', 'tenon') and c.relkind in ('r', 'v', 'p', 'm');

select is_empty($$ select name from tables t join pg_class c using (oid)
  where schema = 'public' and relkind in ('r', 'p') and not relrowsecurity $$, 'each table in public has row-level security');
select is_empty($$ select name from tables t join pg_class c using (oid) where relforcerowsecurity $$,
  'none forces it on its owner: the definer functions pass');
select is_empty($$ select name from tables t join pg_class c using (oid) where schema = 'public' and relkind in ('r', 'p')
  and not exists (select from pg_policies p where p.schemaname = 'public' and p.tablename = name and p.policyname = 'service_all'
                     and p.roles = '{service_role}' and p.cmd = 'ALL' and p.qual = 'true' and p.with_check = 'true') $$,
  'each has the service policy');
select is_empty($$ select tablename, policyname from pg_policies where schemaname in ('public', 'tenon', 'storage', 'auth')
  and policyname <> 'service_all' and roles <> '{authenticated}' $$, 'every other policy is for authenticated alone');
select is_empty($$ select tablename, policyname from pg_policies where schemaname in ('public', 'storage')
  and regexp_replace(coalesce(qual, '') || ' ' || coalesce(with_check, ''), '\(\s*SELECT auth\.uid\(\) AS uid\)', '', 'gi') ~* 'auth\.' $$,
  'policies never call auth.uid() bare');
select is_empty($$ select tablename from pg_policies where schemaname = 'public' and cmd = 'UPDATE' and (qual is null or with_check is null) $$,
  'update policies state using and with check');
select is_empty($$ select tablename from pg_policies where schemaname in ('public', 'storage') and policyname <> 'service_all'
  and (coalesce(qual, 'true') = 'true' and coalesce(with_check, 'true') = 'true') $$, 'no policy for users is plainly true');

create temp table verbs as select unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as verb;
select is_empty($$ select schema, name, verb, role from tables t, verbs v, (values ('anon')) r (role)
  where has_table_privilege(role, oid, verb)
     or (verb in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') and has_any_column_privilege(role, oid, verb)) $$,
  'a visitor has no right on any table');
select results_eq($$ select name, string_agg(lower(left(verb, 1)), '' order by verb) from tables t, verbs v
    where schema = 'public' and has_table_privilege('authenticated', oid, verb) group by 1 order by 1 $$,
  $$ values ('assets', 's'), ('credit_balance', 's'), ('credit_ledger', 's'), ('email_log', 's'), ('invoices', 's'),
            ('job_steps', 's'), ('jobs', 's'), ('profiles', 's'), ('projects', 'ds'), ('subscriptions', 's'),
            ('usage_daily', 's'), ('user_notification_prefs', 's') $$, 'what users may do with whole tables');
select results_eq($$ select name, verb, string_agg(attname::text collate "default", ',' order by attname collate "default") from tables t
    join pg_attribute a on a.attrelid = t.oid and attnum > 0 and not attisdropped
    join (values ('SELECT'), ('INSERT'), ('UPDATE')) v (verb) on has_column_privilege('authenticated', t.oid, attnum, verb)
    where schema = 'public' and not has_table_privilege('authenticated', t.oid, verb) group by 1, 2 order by 1, 2 $$,
  $$ values ('checkouts', 'SELECT', 'amount_total,created_at,credits,currency,fulfilled_at,id,mode,plan,status,user_id'),
            ('credit_accounts', 'SELECT', 'balance,user_id'),
            ('profiles', 'UPDATE', 'chosen_locale,display_name,locale,theme,time_zone'),
            ('projects', 'INSERT', 'title,user_id'), ('projects', 'UPDATE', 'title'),
            ('user_notification_prefs', 'INSERT', 'email_credits_low,email_job_completed,email_job_failed,marketing_opt_in,user_id'),
            ('user_notification_prefs', 'UPDATE', 'email_credits_low,email_job_completed,email_job_failed,marketing_opt_in') $$,
  'and with single columns');
select results_eq($$ select rights, string_agg(name, ',' order by name) from
    (select name, string_agg(lower(left(verb, 1)), '' order by verb) as rights from tables t, verbs v
      where schema = 'public' and has_table_privilege('service_role', oid, verb) group by 1) x group by 1 order by 1 $$,
  $$ values ('disu', 'assets,checkouts,email_log,invoices,job_steps,jobs,profiles,projects,subscriptions,usage_daily,user_notification_prefs'),
            ('s', 'credit_accounts,credit_balance,credit_ledger') $$, 'what the service may do in public');
select results_eq($$ select string_agg(attname::text collate "default", ',' order by attname collate "default") from pg_attribute
    where attrelid = 'public.credit_ledger'::regclass and attnum > 0 and has_column_privilege('service_role', attrelid, attnum, 'INSERT') $$,
  $$ values ('actor,amount,business_key,id,job_id,note,type,user_id') $$, 'the columns of a ledger row that a writer chooses');
select is_empty($$ select name, verb from tables t, verbs v where schema = 'tenon' and verb in ('SELECT', 'INSERT')
    and not has_table_privilege('service_role', oid, verb) $$, 'the service reads and writes the engine room');
select is(has_table_privilege('service_role', 'tenon.audit_log', 'UPDATE') or has_table_privilege('service_role', 'tenon.audit_log', 'DELETE'),
          false, 'but does not rewrite the audit log');
select is_empty($$ select role from (values ('anon'), ('authenticated'), ('authenticator')) r (role)
    where has_schema_privilege(role, 'tenon', 'USAGE') $$, 'nobody else enters schema tenon');
select is_empty($$ select role from (values ('anon'), ('authenticated'), ('service_role'), ('authenticator')) r (role)
    where has_schema_privilege(role, 'public', 'CREATE') $$, 'nobody creates in public');

create temp view functions as
  select p.oid, n.nspname as schema, p.proname as name, p.prosecdef, p.proconfig, p.proowner, p.prorettype
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'tenon');
select is_empty($$ select name, role from functions, (values ('anon'), ('authenticated'), ('public')) r (role)
    where has_function_privilege(role, oid, 'EXECUTE') $$, 'no function is for everybody');
select is_empty($$ select name from functions where not coalesce(proconfig, '{}') && array['search_path=""', 'search_path='] $$,
  'every function pins its search_path');
select is_empty($$ select name from functions f join pg_roles r on r.oid = proowner where prosecdef and rolsuper $$,
  'no definer function belongs to a superuser');
select is_empty($$ select name from functions where has_function_privilege('service_role', oid, 'EXECUTE')
    and (prorettype = 'trigger'::regtype or name in ('settle_money', 'end_job', 'requeue', 'recover_job', 'take_jobs', 'pick_jobs', 'lock_tenant', 'try_lock_tenant', 'try_lock_job', 'take_slot', 'admit_parked', 'unadmit')) $$,
  'not even the service calls the inner ones');

select is_empty($$ select name from tables t join pg_attribute a on a.attrelid = t.oid and attname = 'user_id' join pg_class c on c.oid = t.oid
    where schema = 'public' and relkind = 'r' and not exists (select from pg_index i where i.indrelid = t.oid and i.indkey[0] = a.attnum and i.indpred is null) $$,
  'each table users own has an index that leads with user_id');
select is_empty($$ select conrelid::regclass::text, conname::text from pg_constraint k where contype = 'f' and connamespace in ('public'::regnamespace, 'tenon'::regnamespace)
    and not exists (select from pg_index i where i.indrelid = conrelid and i.indkey[0] = conkey[1]) $$, 'each foreign key has its index');
select is_empty($$ select conrelid::regclass::text, confrelid::regclass::text from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace
    group by 1, 2 having count(*) > 1 $$, 'between two tables there is one foreign key');
select is_empty($$ select rolname::text from pg_roles where rolname in ('authenticator', 'anon', 'authenticated', 'tenon_owner') and (rolsuper or rolbypassrls)
    union all select 'authenticator owns ' || relname from pg_class where relowner = 'authenticator'::regrole $$, 'the run-time login is no superuser, bypasses nothing, owns nothing');
select * from finish();
rollback;
