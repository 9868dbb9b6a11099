-- Deletion of an account, audit, idempotency, rate limits, retention.
begin;
select plan(53);
create temp table ids as select t.user('ada@example.com', 100) as ada, t.user('bob@example.com', 100) as bob;

-- Deletion
create temp table j as select t.job(ada, 10) as runs, t.job(ada, 10) as waits, t.job(ada, 10) as external, t.job(bob, 10) as his from ids;
insert into public.jobs (project_id, user_id, status) select project_id, user_id, 'QUEUED' from public.jobs, j, generate_series(1, 6) where id = waits;
create temp table lease as select tenon.open_lease('w', 'h', 12) as id;
create temp table claimed as select c.* from lease, tenon.claim_jobs('pipeline', 'w', lease.id, 2) c;
insert into public.assets (project_id, user_id, job_id, type, path) select project_id, user_id, id, 'input', 'a/b' from public.jobs;
insert into public.subscriptions (id, user_id, status) select 'sub_1', ada, 'active' from ids;
insert into public.invoices (id, user_id) select 'in_1', ada from ids;
insert into public.email_log (user_id, kind, to_email, subject) select ada, 'welcome', 'ada@example.com', 'Hello Ada' from ids;
insert into tenon.consents (user_id, version, choices) select ada, '1', '{}' from ids;
select isnt(tenon.queue_mail(ada, 'recovery', null), null, 'a mail is on its way') from ids;
select is(t.service(format('select tenon.delete_user(%L)', ada)), 'true', 'an account is deleted') from ids;
select is((select count(*)::int from auth.users u join ids on u.id = ada), 0, 'the user is gone');
select is((select count(*)::int from public.projects p join ids on p.user_id = ada) + (select count(*)::int from public.jobs p join ids on p.user_id = ada)
        + (select count(*)::int from public.assets p join ids on p.user_id = ada) + (select count(*)::int from public.profiles p join ids on p.id = ada), 0, 'and what was his');
select is(t.balance(ada), 100::bigint, 'reservations were paid back') from ids;
select is((select deleted_at is not null from public.credit_accounts, ids where user_id = ada), true, 'the account stays, marked');
select is((select count(*)::int from public.credit_ledger, ids where user_id = ada), 7, 'so does the ledger');
select is((select count(*)::int from public.subscriptions where id = 'sub_1') + (select count(*)::int from public.invoices where id = 'in_1'), 2, 'and what the law wants kept');
select is((select to_email || subject || coalesce(user_id::text, '-') from public.email_log where kind = 'welcome'), '-', 'the mail log names nobody');
select is((select count(*)::int from tenon.consents where user_id is not null), 0, 'nor do the consents');
select is((select count(*)::int from tenon.outbox, ids where user_id = ada and lane = 'mail'), 0, 'no mail goes out');
select is((select string_agg(kind, ',' order by kind) from tenon.outbox, ids where user_id = ada), 'erase_user_files,stripe_cancel', 'files and subscriptions are seen to');
select is((select payload -> 'subscriptions' ->> 0 from tenon.outbox where kind = 'stripe_cancel'), 'sub_1', 'by name');
select is((select count(*)::int from tenon.tenant_lanes t join ids on t.user_id = ada) + (select count(*)::int from tenon.job_ready r join ids on r.user_id = ada)
        + (select count(*)::int from tenon.job_parked r join ids on r.user_id = ada), 0, 'nothing waits in the queue');
select is((select count(*)::int from t.faults()), 0, 'the books balance');
select is(t.service(format('select tenon.delete_user(%L)', ada)), 'false', 'a user cannot be deleted twice') from ids;
select is(t.service(format('delete from auth.users where id = %L', bob)), '1', 'another door') from ids;
select is((select deleted_at is not null and balance = 100 from public.credit_accounts, ids where user_id = bob), true, 'the same effect');
select is((select count(*)::int from t.faults()), 0, 'the books balance');
select is(t.state(format('insert into public.credit_ledger (user_id, type, amount) values (%L, ''purchase'', 5)', ada)), '', 'a late payment still finds the account') from ids;

-- Projects
create temp table e as select t.user('eve@example.com') as eve;
create temp table pr as select t.project(eve) as id from e;
select is(t.run('authenticated', eve, 'delete from public.projects'), '1', 'a project is deleted') from e;
select is((select payload ->> 'project_id' from tenon.outbox where kind = 'erase_project_files'), id::text, 'its files are seen to') from pr;

-- Audit
select is(t.service('select tenon.audit(null, ''a.b'', ''x'', ''{"k":1}'', ''req'') > 0'), 'true', 'a row of audit');
select lives_ok('select tenon.audit(null, ''a.c'', ''y'')', 'another');
select is(tenon.seal_audit() || ' ' || tenon.seal_audit(), '2 0', 'both are sealed');
select is(tenon.audit_broken_at(), null, 'the chain is whole');
select throws_ok('update tenon.audit_log set action = ''z''', '42501', null, 'a sealed row does not change');
select throws_ok('delete from tenon.audit_log', '42501', null, 'nor go');
select throws_ok('truncate tenon.audit_log', '42501', null, 'nor do all');
alter table tenon.audit_log disable trigger user;
update tenon.audit_log set details = '{"k":2}' where action = 'a.b';
alter table tenon.audit_log enable trigger user;
select is(tenon.audit_broken_at(), 1::bigint, 'who goes around the trigger is seen');
select is(t.service('insert into tenon.audit_log (action, seal_no, hash) values (''forged'', 3, ''x'') returning seal_no'), null, 'nobody writes a seal');

-- Idempotency
create function pg_temp.idem(p_key text, p_hash text) returns text language sql as $$
  select outcome || coalesce(status::text, '') || coalesce(response::text, '') from tenon.idempotency_begin('00000000-0000-0000-0000-000000000001', p_key, 'POST /x', p_hash) $$;
select is(pg_temp.idem('k', 'h'), 'new', 'a new key');
select is(pg_temp.idem('k', 'h'), 'running', 'has no answer yet');
select lives_ok('select tenon.idempotency_end(''00000000-0000-0000-0000-000000000001'', ''k'', 201, ''{"id":1}'')', 'now it has');
select is(pg_temp.idem('k', 'h'), 'replay201{"id": 1}', 'which is given again');
select is(pg_temp.idem('k', 'other'), 'mismatch', 'but not to another request');

-- Rate limits
select is(tenon.take_token('k', 2, 0.0001) || ' ' || tenon.take_token('k', 2, 0.0001), '0 0', 'two tokens');
select cmp_ok(tenon.take_token('k', 2, 0.0001), '>', 9000::float8, 'the third takes its time');
select is(tenon.take_token('other', 2, 0.0001), 0::float8, 'another bucket is full');
update tenon.rate_buckets set at = at - interval '3 hours' where key = 'k';
select is(tenon.take_token('k', 2, 0.0001), 0::float8, 'it fills again');
select is(t.state('select tenon.take_token(''k'', 2, 1, 3)'), '22023', 'a cost that never fits is an error');

-- Admins, ids
select is(tenon.is_admin(eve), false, 'not an admin') from e;
insert into tenon.admins (user_id) select eve from e;
select is(tenon.is_admin(eve), true, 'an admin') from e;
select matches(tenon.uuid7()::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]', 'a version 7 id');
select cmp_ok(abs(('x' || substr(replace(tenon.uuid7()::text, '-', ''), 1, 12))::bit(48)::bigint - extract(epoch from clock_timestamp()) * 1000), '<', 5000::numeric, 'that carries the time');

-- Retention
insert into tenon.outbox (lane, kind, state, ended_at) values ('noop', 'old', 'done', now() - interval '8 days'), ('noop', 'old', 'failed', now() - interval '8 days'), ('noop', 'old', 'failed', now() - interval '91 days');
insert into tenon.stripe_events (id, type, payload, received_at) values ('evt_1', 'x', '{}', now() - interval '91 days');
insert into public.email_log (kind, to_email, created_at) values ('x', 'x', now() - interval '2 years');
insert into tenon.rate_buckets values ('idle', 1, now() - interval '2 hours'), ('auth:code:x', 1, now() - interval '2 hours');
insert into tenon.idempotency (user_id, key, route, request_hash, created_at) values (gen_random_uuid(), 'x', 'x', 'x', now() - interval '3 days');
insert into tenon.consents (visitor, version, choices, at) values ('00000000-0000-0000-0000-000000000001', '1', '{}', now() - interval '6 years'), ('00000000-0000-0000-0000-000000000002', '1', '{}', now() - interval '6 years'), ('00000000-0000-0000-0000-000000000002', '1', '{}', now());
select is(tenon.prune(), 7, 'what is old goes');
select is(tenon.prune(), 0, 'and nothing else');
select is((select count(*)::int from tenon.rate_buckets where key = 'auth:code:x'), 1, 'wrong guesses are counted as long as a code may live');
select is((select count(*)::int from tenon.stripe_events where payload is null), 1, 'a Stripe event keeps its id');
select is((select count(*)::int from tenon.consents where visitor is not null), 2, 'a consent stays while its person is known');
insert into auth.users (id) values ('00000000-0000-0000-0000-00000000a0d1');
insert into auth.audit_log_entries (id, created_at) values (gen_random_uuid(), now() - interval '366 days'), (gen_random_uuid(), now() - interval '364 days');
insert into auth.sessions (id, user_id, not_after)
select ('00000000-0000-0000-0000-0000000000' || n)::uuid, '00000000-0000-0000-0000-00000000a0d1', ends
  from (values ('e1', now() - interval '31 days'), ('e2', now() - interval '29 days'), ('e3', null)) s (n, ends);
insert into auth.refresh_tokens (token, session_id, revoked, updated_at)
select 'retention-' || n, ('00000000-0000-0000-0000-0000000000' || s)::uuid, revoked, now() - age
  from (values (1, 'e1', false, interval '31 days'), (2, 'e3', true, interval '31 days'), (3, 'e3', true, interval '29 days'), (4, 'e3', false, interval '300 days')) t (n, s, revoked, age);
insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at) values ('00000000-0000-0000-0000-0000000000f1', '00000000-0000-0000-0000-00000000a0d1', 'totp', 'verified', now(), now());
insert into auth.mfa_challenges (id, factor_id, created_at, ip_address)
select gen_random_uuid(), '00000000-0000-0000-0000-0000000000f1', now() - age, '::1' from (values (interval '31 days'), (interval '29 days')) c (age);
select is(tenon.prune_auth(), 4, 'an old event, a session that ended long ago, a token used long ago, an old challenge');
select is(tenon.prune_auth(), 0, 'and nothing else');
select is((select string_agg(token, ' ' order by token) from auth.refresh_tokens where token like 'retention-%'), 'retention-3 retention-4', 'the newest token of a session stays');
select * from finish();
rollback;
