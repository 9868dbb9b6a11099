-- Mistakes that a simpler schema for the same API would make, one test for each.
begin;
select plan(52);
create temp table ids as select t.user('ada@example.com', 100) as ada, t.user('bob@example.com', 100) as bob,
                                t.user('poor@example.com') as poor;

select is((select array_agg(e::text) from unnest(enum_range(null::public.project_status)) e),
          array['draft', 'processing', 'ready', 'failed'], 'project_status exists with its four values');

create temp table old as select t.project(ada, 'One') as project from ids;
select is(t.run('authenticated', ada, format('update public.projects set title = %L where id = %L', 'Two', project)), '1',
          'owners rename their projects') from ids, old;
create function pg_temp.moves(p_table text, p_set text, p_where text) returns boolean language plpgsql as $$
declare v_new timestamptz;
begin
  execute format('alter table %s disable trigger user', p_table);
  execute format('update %s set updated_at = %L where %s', p_table, '2001-01-01', p_where);
  execute format('alter table %s enable trigger user', p_table);
  execute format('update %s set %s where %s returning updated_at', p_table, p_set, p_where) into v_new;
  return v_new = now();
end $$;
create temp table ajob as select t.job(ada, 5) as job from ids;
select ok(pg_temp.moves('public.projects', 'title = ''x''', format('id = %L', project)), 'projects.updated_at moves') from old;
select ok(pg_temp.moves('public.profiles', 'theme = ''dark''', format('id = %L', ada)), 'profiles.updated_at moves') from ids;
select ok(pg_temp.moves('public.jobs', 'progress = 3', format('id = %L', job)), 'jobs.updated_at moves') from ajob;
insert into public.user_notification_prefs (user_id) select ada from ids;
select ok(pg_temp.moves('public.user_notification_prefs', 'marketing_opt_in = true', format('user_id = %L', ada)),
          'prefs.updated_at moves') from ids;
insert into public.subscriptions (id, user_id, status) select 'sub_1', bob, 'active' from ids;
insert into public.invoices (id, user_id) select 'in_1', bob from ids;
select ok(pg_temp.moves('public.subscriptions', 'tier = ''pro''', 'id = ''sub_1'''), 'subscriptions.updated_at moves');
select ok(pg_temp.moves('public.invoices', 'number = ''1''', 'id = ''in_1'''), 'invoices.updated_at moves');

select is(t.run('authenticated', ada, 'select count(*) from public.credit_ledger where user_id <> auth.uid()'), '0',
          'nobody sees the ledger of others') from ids;
select is(t.run('anon', null, 'select count(*) from public.credit_ledger'), '42501', 'a visitor sees no ledger at all');
select is(t.run('authenticated', ada, format('insert into public.credit_ledger (user_id, type, amount) values (%L, %L, 1000000)',
                                             ada, 'purchase')), '42501', 'users cannot give themselves credits') from ids;
select is(t.run('authenticated', ada, format('update public.profiles set subscription_tier = %L where id = %L', 'enterprise', ada)),
          '42501', 'users cannot change their tier') from ids;

create temp table payer as select t.user('payer@example.com', 42) as id;
delete from auth.users where id = (select id from payer);
select is((select count(*)::int from public.credit_ledger where user_id = (select id from payer)), 1,
          'the ledger of a deleted payer stays');
select is(t.balance(id), 42::bigint, 'and so does the account') from payer;

select throws_ok('update public.credit_ledger set amount = amount * 2', '42501', null, 'the owner cannot update the ledger');
select throws_ok('delete from public.credit_ledger', '42501', null, 'the owner cannot delete from the ledger');
select throws_ok('truncate public.credit_ledger', '42501', null, 'the owner cannot truncate the ledger');
select is(t.service('update public.credit_ledger set amount = 1'), '42501', 'the service cannot update the ledger');
select is(t.service('delete from public.credit_ledger'), '42501', 'the service cannot delete from the ledger');
select is(t.service('truncate public.credit_ledger'), '42501', 'the service cannot truncate the ledger');

select is(t.run('authenticated', ada, 'select count(*) from public.credit_balance'), '1', 'the view shows one balance') from ids;
select is(t.run('authenticated', ada, format('select balance from public.credit_balance where user_id = %L', bob)), null,
          'and not another user''s') from ids;

select is((select tenon.spend_credits(bob, 'a', 3) from ids), 'spent', 'spend is written');
select is((select tenon.admin_adjust(ada, bob, 5, 'sorry', 'b') from ids), 'done', 'admin_adjust is written');
select is((select tenon.grant_credits(bob, 'checkout:cs_1', 10, 'x', 'pi_1', 1000) from ids), 'granted', 'purchase is written');
update tenon.payments set amount_refunded = 500 where payment_intent = 'pi_1';
select is(tenon.payment_settle('pi_1'), 5, 'refund is written');
select set_eq('select distinct type::text from public.credit_ledger',
              array['purchase', 'reserve', 'spend', 'admin_adjust', 'refund'], 'each type was reached');

select is(t.state(format('update public.profiles set subscription_status = %L where id = %L', 'past_due', ada)), '',
          'past_due is a status') from ids;
select is(t.state(format('update public.profiles set subscription_status = %L where id = %L', 'nonsense', ada)), '23514',
          'and nonsense is not') from ids;

delete from tenon.job_ready; delete from public.job_steps;
select ok(to_json(public.claim_next_job('w')) is null, 'an empty queue is NULL as JSON');
select ok((select id is null from public.claim_next_job('w')), 'and a row whose id is null in a select');
insert into tenon.job_ready (lane, band, vtime, seq, job_id, user_id) select 1, 1, 0, 0, job, ada from ajob, ids;

select is(t.run(r, null, q), '42501', '' || r || ' may not call ' || q)
  from (values ('anon'), ('authenticated')) roles (r),
       (values ('select public.claim_next_job(''w'')'), ('select public.reserve_credits(null, null, 1)'),
               ('select public.finalize_credits(null, null, 1)'), ('select tenon.uuid7()')) calls (q);

create temp table pjob as select t.job(poor) as job from ids;
select throws_ok(format('select public.reserve_credits(%L, %L, 50)', poor, job), 'P0001', 'Insufficient credits',
                 'a user without a ledger row has no credits') from ids, pjob;

create temp table njob as select t.job(ada) as job from ids;
select throws_ok(format('select public.reserve_credits(%L, %L, -1000)', ada, job), '22023', null,
                 'a negative reservation is refused') from ids, njob;
select throws_ok(format('select public.reserve_credits(%L, %L, 0)', ada, job), '22023', null,
                 'and so is one of nothing') from ids, njob;
select is(t.balance(ada), 95::bigint, 'the balance stands') from ids;

-- Two reservations at once: concurrency.sh.
select lives_ok(format('select public.reserve_credits(%L, %L, 10)', ada, job), 'ten are reserved') from ids, njob;
select lives_ok(format('select public.finalize_credits(%L, %L, 99999)', ada, job), 'the job cost more') from ids, njob;
select is(t.col(job, 'cost_credits_final') || ' ' || t.col(job, 'cost_shortfall') || ' ' || t.ledger(job), '10 99989 -10',
          'what was reserved is charged, the excess is recorded') from njob;

create temp table fjob as select t.job(bob, 20) as job from ids;
create temp table flease as select tenon.open_lease('w', 'h', 12) as lease;
select lives_ok('select tenon.claim_jobs(''pipeline'', ''w'', (select lease from flease), 100)', 'claimed');
select is(tenon.finish_job(job, lease, t.col(job, 'fence')::bigint, false, 0, 'X', 'x'), 'done', 'a job fails')
  from fjob, flease;
select is(t.ledger(job), 0::bigint, 'and its reserved credits are back') from fjob;

select is((select count(*)::int from public.jobs where lease_id = (select lease from flease)) > 0, true, 'a worker holds jobs');
update tenon.leases set expires_at = now() - interval '1 second', seconds = 1;
do $$ begin while tenon.reap_expired_leases() > 0 loop end loop; end $$;
select is((select count(*)::int from public.jobs where status = 'PROCESSING'), 0, 'a dead worker''s jobs are queued again');

insert into storage.objects (bucket_id, name) select 'project-outputs', 'u_' || ada || '/p_1/j_1/final.mp4' from ids;
insert into storage.objects (bucket_id, name) select 'project-outputs', 'u_' || bob || '/p_1/j_1/final.mp4' from ids;
select is(t.run('authenticated', ada, 'select count(*) from storage.objects'), '1', 'owners see their outputs and no others') from ids;

select * from finish();
rollback;
