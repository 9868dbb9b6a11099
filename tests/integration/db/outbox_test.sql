-- The outbox, and the mails that are put into it.
begin;
select plan(49);
create temp table ids as select t.user('ada@example.com', 5) as ada, t.user('bob@example.com') as bob, t.user(null) as silent;
delete from tenon.outbox; delete from tenon.outbox_ready;

create temp table o as select tenon.outbox_put('noop', 'a', ada, '{"n":1}') as a, tenon.outbox_put('noop', 'b', null) as b,
  tenon.outbox_put('noop', 'c', null, '{}', now() + interval '1 hour') as later, tenon.outbox_put('system', 'd', null) as other from ids;
create temp table got as select * from tenon.outbox_claim('noop', null, 60, 10);
select is((select string_agg(kind || attempt, ',' order by id) from got), 'a1,b1', 'what is due in the lane is claimed');
select is((select payload::text || ' ' || (user_id = ada) from got, ids where kind = 'a'), '{"n": 1} true', 'with its payload and user');
select is((select count(distinct lease_id)::int from got), 1, 'under one lease');
select is((select count(*)::int from tenon.outbox_claim('noop', null, 60, 10)), 0, 'once');
select is(tenon.outbox_complete(lease_id, 60, array[a], jsonb_build_array(jsonb_build_object('id', b, 'error', 'no', 'retry_seconds', 30))), 2, 'one done, one to be tried again')
  from o, (select distinct lease_id from got) l;
select is((select string_agg(kind || state || attempts, ',' order by id) from tenon.outbox where kind in ('a', 'b')), 'adone0,bready1', 'the rows say so');
select is((select count(*)::int from tenon.outbox_leases), 0, 'the lease is gone');
select is((select run_at = now() + interval '30 seconds' from tenon.outbox_ready, o where id = b), true, 'the second waits its time');
update tenon.outbox_ready set run_at = now();
create temp table got2 as select * from tenon.outbox_claim('noop', null, 60, 1);
select is((select attempt from got2), 2, 'its second attempt');
create temp table got3 as select c.* from got2, tenon.outbox_claim('noop', got2.lease_id, 60, 1,
  '{}', jsonb_build_array(jsonb_build_object('id', got2.id, 'error', 'never'))) c;
select is((select state || ' ' || last_error || ' ' || attempts from tenon.outbox, o where id = b), 'failed never 2', 'no retry: failed for good');
select is((select kind from got3), 'c', 'completions ride in the next claim');
select is((select kind from tenon.outbox_claim('noop', null, 60, 1)), null, 'a leased row is not given twice');
update tenon.outbox_leases set expires_at = now() - interval '1 second';
create temp table got4 as select * from tenon.outbox_claim('noop', null, 60, 5);
select is((select kind || attempt from got4), 'c2', 'a lost worker''s rows come back, attempt raised');
select is(tenon.outbox_complete((select lease_id from got3), 60, '{}', jsonb_build_array(jsonb_build_object('id', later, 'error', 'x'))), 0, 'the lost worker''s failure is not heard') from o;
select is(tenon.outbox_complete((select lease_id from got3), 60, array[later]), 1, 'but its success is') from o;
select is(tenon.outbox_complete((select lease_id from got4), 60, '{}'), 0, 'a renewal');
update tenon.outbox_leases set expires_at = now() - interval '1 second';
select is((select count(*)::int from tenon.outbox_claim('noop', null, 60, 5)), 0, 'what is done is not given again');
select is(t.state('select tenon.outbox_put(''nolane'', ''x'', null)'), '23514', 'an unknown lane is refused');
select is(t.state('select tenon.outbox_claim(''noop'', null, 0, 1)'), '22023', 'a lease of no time is refused');

-- Mail
select isnt(tenon.queue_mail(ada, 'confirm', 'token-1', '{"url":"secret"}'), null, 'a mail is queued') from ids;
select is((select to_email || ' ' || status || ' [' || subject || ']' from public.email_log where kind = 'confirm'), 'ada@example.com queued []', 'to the user''s address');
select is((select o.kind || ' ' || (payload ->> 'url') || ' ' || (o.user_id = ada) from tenon.outbox o, ids, public.email_log e where lane = 'mail' and payload ->> 'email_log_id' = e.id::text and e.kind = 'confirm'),
          'mail secret true', 'the secret travels in the outbox') ;
select is((select to_jsonb(e)::text ~ 'secret' from public.email_log e where kind = 'confirm'), false, 'not in the log');
select is(tenon.queue_mail(ada, 'confirm', 'token-1'), null, 'the same kind and entity is queued once') from ids;
select isnt(tenon.queue_mail(ada, 'recovery', null), tenon.queue_mail(ada, 'recovery', null), 'without an entity each is another') from ids;
select isnt(tenon.queue_mail(ada, 'email_change', 'n', '{}', 'new@example.com'), null, 'to another address') from ids;
select is((select to_email from public.email_log where kind = 'email_change'), 'new@example.com', 'as told');
select isnt(tenon.queue_mail(silent, 'welcome', 'w'), null, 'without an address') from ids;
select is((select status from public.email_log where kind = 'welcome'), 'skipped', 'it is skipped');
insert into tenon.email_suppressions (address, reason) values ('bob@example.com', 'bounce');
select isnt(tenon.queue_mail(bob, 'welcome', 'b'), null, 'to a suppressed address') from ids;
select is((select status from public.email_log where entity = 'b'), 'suppressed', 'it is suppressed');
select is((select count(*)::int from tenon.outbox where lane = 'mail' and payload ->> 'email_log_id' in (select id::text from public.email_log where status <> 'queued')), 0,
          'neither is delivered');

delete from tenon.email_suppressions;
insert into public.user_notification_prefs (user_id, email_job_completed, email_job_failed, email_credits_low) select bob, false, false, false from ids;
select isnt(tenon.queue_mail(bob, kind, kind), null, kind || ' that nobody wants') from ids, (values ('job_completed'), ('job_failed'), ('credits_low')) k (kind);
select is((select count(*)::int from public.email_log e where entity = kind and status = 'skipped'), 3, 'is logged as skipped');
select isnt(tenon.queue_mail(bob, 'recovery', 'r'), null, 'other kinds ask no preference') from ids;
select is((select status from public.email_log where entity = 'r'), 'queued', 'and go');

-- The warning of a low balance
select is((select count(*)::int from public.email_log where kind = 'credits_low' and user_id = (select ada from ids)), 0, 'five credits were never ten');
select is(tenon.grant_credits(ada, 'g1', 20, 'x'), 'granted', 'twenty-five') from ids;
select is(tenon.spend_credits(ada, 's1', 20), 'spent', 'now five') from ids;
select is((select status || ' ' || (select payload ->> 'balance' from tenon.outbox where payload ->> 'email_log_id' = e.id::text) from public.email_log e where kind = 'credits_low' and user_id = (select ada from ids)),
          'queued 5', 'one warning');
create temp table j as select t.job(ada, 5) as id from ids;
select is(tenon.cancel_job(id), 'cancelled', 'reserved and released below the mark') from j;
select is((select count(*)::int from public.email_log where kind = 'credits_low' and user_id = (select ada from ids)), 1, 'warns no second time');
select is((select status from public.email_log where kind = 'job_failed' and entity = (select id::text from j)), null, 'a cancelled job sends no mail');
select is((select email || ' ' || locale || ' ' || time_zone from ids, tenon.user_contact(ada)), 'ada@example.com en UTC', 'whom to write to');
select is((select count(*)::int from tenon.user_contact(gen_random_uuid())), 0, 'nobody');
-- One-use links are not kept once a mail is sent or given up.
delete from tenon.outbox_ready; delete from tenon.outbox;
create temp table links as select n, tenon.outbox_put('mail', 'mail', null, jsonb_build_object('email_log_id', n, 'url', 'https://x', 'code', '1')) as id from generate_series(1, 3) n;
create temp table got5 as select distinct lease_id from tenon.outbox_claim('mail', null, 60, 10);
select tenon.outbox_complete(lease_id, 60, array[(select id from links where n = 1)], jsonb_build_array(
  jsonb_build_object('id', (select id from links where n = 2), 'error', 'never'),
  jsonb_build_object('id', (select id from links where n = 3), 'error', 'later', 'retry_seconds', 5))) from got5;
select is((select string_agg(payload::text, ' ' order by o.id) from tenon.outbox o join links using (id) where n < 3),
  '{"email_log_id": 1} {"email_log_id": 2}', 'a mail that was sent or given up keeps no link and no code');
select is((select payload ->> 'url' from tenon.outbox o join links using (id) where n = 3), 'https://x', 'one to be tried again keeps them');
select * from finish();
rollback;
