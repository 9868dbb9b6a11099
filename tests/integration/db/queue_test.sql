-- Admission, claims, leases, checkpoints, ends, and workers that know nothing of Tenon.
begin;
select plan(115);
create temp table ids as select t.user('ada@example.com', 1000) as ada, t.user('bob@example.com', 1000) as bob;
create temp table lease as select tenon.open_lease('w1', 'host', 12) as id;
create function pg_temp.fence(p_job uuid) returns bigint language sql as $$ select fence from public.jobs where id = p_job $$;
create function pg_temp.claim(p_n int) returns setof public.jobs language sql as $$
  select * from tenon.claim_jobs('pipeline', 'w1', (select id from lease), p_n) $$;
create function pg_temp.finish(p_job uuid, p_ok boolean, p_cost int, p_code text default null) returns text language sql as $$
  select tenon.finish_job(p_job, (select id from lease), pg_temp.fence(p_job), p_ok, p_cost, p_code, 'message') $$;
create function pg_temp.project(p_job uuid) returns text language sql as $$
  select status::text from public.projects where id = (select project_id from public.jobs where id = p_job) $$;
create function pg_temp.mails(p_job uuid) returns text language sql as $$
  select string_agg(kind || ' ' || status, ',' order by kind) from public.email_log where entity = p_job::text $$;
create function pg_temp.faults() returns bigint language sql as $$ select count(*) from t.faults() $$;

-- Enqueue
create temp table p as select t.project(ada) as id, null::uuid as next from ids;
update p set next = (select next_job_id from public.projects pr where pr.id = p.id);
insert into public.assets (project_id, user_id, type, path) select p.id, ada, 'input', 'project-assets/u_1/a.jpg' from p, ids;
select is((select tenon.enqueue_job(ada, p.id, 'slides', 'pipeline', '{"a":1}', 30, p.id::text)::text from ids, p), (select format('(queued,%s)', next) from p),
          'a job takes the id its project promised');
select is((select next_job_id <> p.next and status = 'processing' from public.projects pr join p using (id)), true, 'the project promises another and is processing');
select is((select job_id = p.next from public.assets a, p where a.project_id = p.id), true, 'its inputs are the job''s');
select is((select status || ' ' || cost_credits_reserved || ' ' || pipeline || ' ' || (input ->> 'a') from public.jobs j join p on p.next = j.id), 'QUEUED 30 slides 1', 'the job is as ordered');
select is(t.balance(ada) || ' ' || t.ledger(p.next), '970 -30', 'thirty are reserved') from ids, p;
select is((select tenon.enqueue_job(ada, p.id, 'slides', 'pipeline', '{}', 30, p.id::text)::text from ids, p), (select format('(duplicate,%s)', next) from p), 'the same key again is told which job runs');
select is((select tenon.enqueue_job(bob, p.id, 'slides')::text from ids, p), '(no_project,)', 'another''s project is no project');
select is((select tenon.enqueue_job(ada, p.id, 'slides', 'pipeline', '{}', 971)::text from ids, p), '(too_few_credits,)', 'too dear');
select is(t.state(format('select tenon.enqueue_job(%L, %L, %L, %L)', ada, p.id, 'x', 'nolane')), '22023', 'an unknown lane is an error') from ids, p;
select is(t.state(format('select tenon.enqueue_job(%L, %L, %L, %L, %L, -1)', ada, p.id, 'x', 'pipeline', '{}')), '22023', 'a negative reservation too') from ids, p;
select is((select count(*)::int from public.jobs), 1, 'there is one job');
select is(t.run('authenticated', ada, format('delete from public.projects where id = %L', p.id)), 'PT409', 'a project whose job runs cannot be deleted') from ids, p;
select is(t.service(format('delete from public.jobs where id = %L', next)), 'PT409', 'nor the job') from p;

-- Claim
select is((select tenon.claim_jobs('pipeline', 'w1', 4711, 1) is null), null, 'no lease, no job');
select is((select count(*)::int from tenon.claim_jobs('pipeline', 'w1', 4711, 1)), 0, 'no row either');
create temp table c as select * from pg_temp.claim(10);
select is((select status || ' ' || claimed_by || ' ' || progress || ' ' || attempt || ' ' || fence || ' ' || slot from c), 'PROCESSING w1 1 1 1 true', 'a claim');
select is((select started_at = now() and claimed_at = now() from c), true, 'with its times');
select is((select count(*)::int from pg_temp.claim(10)), 0, 'once');
select is(pg_temp.faults(), 0::bigint, 'the books balance');

-- Checkpoints
update tenon.leases set expires_at = now() + interval '1 second';
select is(tenon.checkpoint(c.id, lease.id, fence, 0, 'probe', 'running', 10), 'ok', 'a step begins') from c, lease;
select is((select expires_at = now() + interval '12 seconds' from tenon.leases), true, 'and the lease is renewed');
select is(tenon.checkpoint(c.id, lease.id, fence, 0, 'probe', 'done', 25, '{"n":3}', null, '{"cpu_ms":7,"peak_kb":900}',
  '[{"type":"intermediate","path":"project-assets/u_1/x","meta":{"a":1}}]'), 'ok', 'and is done') from c, lease;
select is((select name || ' ' || state || ' ' || output || ' ' || cpu_ms || ' ' || attempt from public.job_steps), 'probe done {"n": 3} 7 1', 'its row says so');
select is(t.col(id, 'progress'), '25', 'progress') from c;
select is(tenon.set_progress(c.id, lease.id, fence, 20), 'ok', 'a smaller progress') from c, lease;
select is(t.col(id, 'progress'), '25', 'does not count') from c;
select is(tenon.checkpoint(c.id, lease.id, fence, 0, 'probe', 'done', null, null, null, '{}',
  '[{"type":"intermediate","path":"project-assets/u_1/x","meta":{"a":2}}]'), 'ok', 'a step run twice') from c, lease;
select is((select count(*) || ' ' || max(meta ->> 'a') from public.assets a join c on a.job_id = c.id where type = 'intermediate'), '1 2', 'writes one asset row');
select is(tenon.checkpoint(c.id, lease.id, fence - 1, 1, 'x', 'done'), 'lost', 'an old fence writes nothing') from c, lease;
select is(tenon.checkpoint(c.id, 4711, fence, 1, 'x', 'done'), 'lost', 'nor does another lease') from c;
select is(tenon.set_progress(c.id, lease.id, fence + 1, 50), 'lost', 'progress is fenced too') from c, lease;
select is((select count(*)::int from public.job_steps), 1, 'one step');
select is(tenon.cancel_job(id), 'requested', 'a cancel is asked for') from c;
select is(tenon.set_progress(c.id, lease.id, fence, 26) || ' ' || tenon.checkpoint(c.id, lease.id, fence, 1, 'captions', 'running'), 'cancel cancel', 'and told') from c, lease;
select is(tenon.finish_job(c.id, lease.id, fence - 1, true, 1), 'lost', 'a stale worker cannot finish') from c, lease;
select is(pg_temp.finish(id, false, 4, 'CANCELLED'), 'done', 'cancelled at the metered cost') from c;
select is((select j.status || ' ' || j.error_code || ' ' || j.cost_credits_final || ' ' || j.slot from public.jobs j join c using (id)), 'FAILED CANCELLED 4 false', 'the job');
select is(t.ledger(id) || ' ' || coalesce(pg_temp.mails(id), 'none') || ' ' || pg_temp.project(id), '-4 none failed', 'money, no mail, project') from c;
select is(pg_temp.finish(id, true, 0), 'lost', 'a finished job is not finished again') from c;
select is(tenon.cancel_job(id), 'finished', 'nor cancelled') from c;

-- Finish
create temp table g as select t.job(ada, 20) as good, t.job(ada, 20) as bad, t.job(ada, 20) as waits from ids;
select is((select count(*)::int from pg_temp.claim(2)), 2, 'two are claimed');
select is(tenon.finish_job(good, lease.id, pg_temp.fence(good), true, 13, null, null,
  '[{"type":"output","path":"project-outputs/u_1/final.mp4"}]', '{"seconds":9}'), 'done', 'a job ends well') from g, lease
  where t.col(good, 'status') = 'PROCESSING';
select is(t.col(good, 'status') || ' ' || t.col(good, 'progress') || ' ' || t.col(good, 'cost_credits_final') || ' ' || (t.col(good, 'metering')), 'READY 100 13 {"seconds": 9}', 'the job') from g;
select is(t.ledger(good) || ' ' || pg_temp.mails(good) || ' ' || pg_temp.project(good), '-13 job_completed queued ready', 'money, mail, project') from g;
select is((select count(*)::int from public.assets, g where job_id = good and type = 'output'), 1, 'output');
select is((select payload ->> 'job_id' || ' ' || kind from tenon.outbox o, g where payload ->> 'job_id' = good::text), good || ' mail', 'the mail lies in the outbox') from g;
select is(pg_temp.finish(bad, false, 0, 'NO_SPEECH'), 'done', 'another fails') from g;
select is(t.col(bad, 'status') || ' ' || t.col(bad, 'error_code') || ' ' || t.ledger(bad) || ' ' || pg_temp.mails(bad) || ' ' || pg_temp.project(bad),
          'FAILED NO_SPEECH 0 job_failed queued failed', 'its email is queued and its credits are released') from g;
select is(tenon.cancel_job(waits), 'cancelled', 'a waiting job is cancelled at once') from g;
select is(t.col(waits, 'error_code') || ' ' || t.ledger(waits), 'CANCELLED 0', 'for nothing') from g;
select is(pg_temp.faults(), 0::bigint, 'the books balance');

-- Attempts
create temp table a as select t.job(ada, 5) as job from ids;
select lives_ok('select pg_temp.claim(1)', 'claimed');
select is(tenon.fail_attempt(job, lease.id, pg_temp.fence(job), 'X', 'x', 30), 'retry', 'the first attempt fails') from a, lease;
select is((select status || ' ' || slot || ' ' || (select count(*) from tenon.job_timers) from public.jobs j join a on a.job = j.id), 'QUEUED false 1', 'it waits for its time');
select is((select count(*)::int from pg_temp.claim(1)), 0, 'and is not claimed');
select is(tenon.promote_due_jobs(), 0, 'nor due');
update tenon.job_timers set run_at = now();
select is(tenon.promote_due_jobs() || ' ' || tenon.promote_due_jobs(), '1 0', 'its time has come');
select is((select attempt from pg_temp.claim(1)), 2, 'the second attempt');
select is(tenon.release_job(job, lease.id, pg_temp.fence(job)), 'queued', 'is handed back') from a, lease;
select is((select attempt || ' ' || fence from pg_temp.claim(1)), '2 3', 'and not counted, but fenced');
select is(tenon.fail_attempt(job, lease.id, pg_temp.fence(job), 'X', 'x', 0), 'retry', 'it fails at once again') from a, lease;
select is((select attempt from pg_temp.claim(1)), 3, 'the third');
select is(tenon.fail_attempt(job, lease.id, pg_temp.fence(job), 'X', 'x', 0), 'failed', 'is the last') from a, lease;
select is(t.col(job, 'status') || t.ledger(job), 'FAILED0', 'with its credits back') from a;
select is(pg_temp.faults(), 0::bigint, 'the books balance');

-- Retry of a failed job
insert into public.job_steps (job_id, user_id, n, name, state, output, credits) select job, ada, 0, 'probe', 'done', '1', 2 from a, ids;
insert into public.job_steps (job_id, user_id, n, name, state) select job, ada, 1, 'render', 'failed' from a, ids;
create temp table r as select x.* from ids, a, tenon.retry_job(ada, a.job, 5) x;
select is((select outcome from r), 'queued', 'a retry is a new job');
select is(t.col(job_id, 'retry_of'), job::text, 'that names the old') from r, a;
select is((select string_agg(name || state, ',') from public.job_steps s join r using (job_id)), 'probedone', 'and has its finished steps');
select is((select string_agg(credits::text, ',') from public.job_steps s join r using (job_id)), '2', 'whose price is still to be paid, since the old job cost nothing');
select is((select tenon.retry_job(bob, a.job)::text from ids, a), '(no_job,)', 'another''s is no job');
select is((select tenon.retry_job(ada, r.job_id)::text from ids, r), '(not_failed,)', 'a waiting one has not failed');
select lives_ok(format('select tenon.cancel_job(%L)', job_id), 'gone') from r;

-- A dead worker
create temp table d as select t.job(ada, 5) as job from ids;
select lives_ok('select pg_temp.claim(1)', 'claimed');
update tenon.leases set expires_at = now() - interval '1 second', seconds = 86400;
select is(tenon.reap_expired_leases(), 0, 'a server that started more recently than the lease reaps nothing: it may have been down itself');
update tenon.leases set seconds = 1;
select is(tenon.reap_expired_leases(), 1, 'its job is recovered');
select is(t.col(job, 'status') || ' ' || t.col(job, 'crashes') || ' ' || coalesce(t.col(job, 'lease_id'), '-'), 'QUEUED 1 -', 'and queued again') from d;
select is(tenon.heartbeat(id), false, 'the lease does not come back') from lease;
select is(tenon.reap_expired_leases() || ' ' || tenon.reap_expired_leases(), '1 0', 'the lease goes');
update lease set id = tenon.open_lease('w2', 'host', 12);
select is((select attempt from pg_temp.claim(1)), 2, 'the next worker has it');
select tenon.close_lease(id) from lease;
select is(tenon.reap_expired_leases(), 1, 'and closes with the job in hand');
select is(t.col(job, 'status') || ' ' || t.col(job, 'error_code') || ' ' || t.ledger(job), 'FAILED WORKER_CRASHED 0', 'a job that kills two workers ends') from d;
do $$ begin while tenon.reap_expired_leases() > 0 loop end loop; end $$;
update lease set id = tenon.open_lease('w3', 'host', 12);
select is(pg_temp.faults(), 0::bigint, 'the books balance');

-- Caps, parking, fairness
create temp table many as select t.job(ada) as job from ids, generate_series(1, 10);
select is((select count(*) from tenon.job_ready) || ' ' || (select count(*) from tenon.job_parked), '4 6', 'a tenant has four places, the rest is parked');
create temp table late as select t.job(bob) as job from ids;
create temp table first2 as select * from pg_temp.claim(2);
select is((select count(distinct user_id)::int from first2), 2, 'a newcomer is not behind ten of another''s');
select is((select count(*)::int from pg_temp.claim(20)), 3, 'the cap holds what runs');
select is((select count(*)::int from pg_temp.claim(20)), 0, 'nothing is left ready');
select is(tenon.admit_burst('pipeline', 3), 3, 'when nobody waits the parked may go above it');
select is((select count(*)::int from pg_temp.claim(20)), 3, 'and are claimed');
select is(pg_temp.faults(), 0::bigint, 'the books balance');
update tenon.lanes set cap = 8;
select is(tenon.admit_burst('pipeline', 3) + (select count(*)::int from pg_temp.claim(20)), 3, 'a lane''s cap stops claims');
update tenon.lanes set cap = null, paused = true;
select is((select count(*)::int from pg_temp.claim(20)), 0, 'so does a pause');
update tenon.lanes set paused = false;
select is((select sum(case when pg_temp.finish(job, true, 0) = 'done' then 1 else 0 end)::int from many where t.col(job, 'status') = 'PROCESSING'), 7, 'those that run end');
select is(pg_temp.faults(), 0::bigint, 'the books balance');
select is((select count(*)::int from pg_temp.claim(20)), 3, 'the last are claimed');
select is((select count(pg_temp.finish(id, true, 0))::int from public.jobs where status = 'PROCESSING'), 4, 'all ends');
update tenon.tenant_lanes set admitted = 99;
select is(tenon.repair_slots() || ' ' || pg_temp.faults(), '2 0', 'repair_slots counts again');

-- Oldest first within a tenant, whatever the order of inserts
create temp table pr as select t.project(ada) as id from ids;
insert into public.jobs (project_id, user_id, created_at, error_code)
  select pr.id, ada, now() - make_interval(mins => n), n::text from pr, ids, generate_series(1, 7) n;
create temp table ord as select n, (public.claim_next_job('php')).error_code as code from generate_series(1, 5) n;
select is((select string_agg(code, '' order by n) from ord), '76543', 'a worker without a lease gets the oldest first');
insert into public.jobs (project_id, user_id, created_at, error_code) select pr.id, ada, now() - interval '1 hour', '60' from pr, ids;
create temp table ord2 as select n, (public.claim_next_job('php')).error_code as code from generate_series(1, 3) n;
select is((select string_agg(code, ',' order by n) from ord2), '60,2,1', 'also one that came late with an older date');
select is(pg_temp.faults(), 0::bigint, 'the books balance');

-- Workers written elsewhere: plain updates
delete from tenon.job_email_hours; -- the jobs above have used up the emails of this hour
create function pg_temp.j(p_code text) returns uuid language sql as $$ select id from public.jobs where error_code = p_code and claimed_by = 'php' $$;
create temp table f as select pg_temp.j('7') as a, pg_temp.j('6') as b, pg_temp.j('5') as c, pg_temp.j('4') as d;
select is(t.service(format('select public.reserve_credits(%L, %L, 9)', ada, a)) || t.service(format('select public.reserve_credits(%L, %L, 9)', ada, b)) || t.service(format('select public.reserve_credits(%L, %L, 9)', ada, c)), '', 'credits are reserved') from ids, f;
select is(t.service(format('update public.jobs set status = ''READY'', progress = 100, finished_at = now() where id = %L', a)), '1', 'READY by update') from f;
select is(t.ledger(a) || ' ' || t.col(a, 'slot') || ' ' || (t.col(a, 'settled_at') is not null)::text || ' ' || pg_temp.mails(a) || ' ' || pg_temp.project(a), '-9 false true job_completed queued processing', 'settles it all') from f;
select is(t.service(format('update public.jobs set status = ''FAILED'', error_code = ''ERR_PROCESSING'' where id = %L', b)), '1', 'FAILED by update') from f;
select is(t.ledger(b) || ' ' || pg_temp.mails(b), '0 job_failed queued', 'pays back') from f;
select is(t.service(format('select public.finalize_credits(%L, %L, 3)', ada, c)) || t.service(format('update public.jobs set status = ''READY'' where id = %L', c)), '1', 'finalize_credits first') from ids, f;
select is(t.ledger(c) || ' ' || t.col(c, 'slot'), '-3 false', 'is what counts') from f;
select is(t.service(format('update public.jobs set status = ''QUEUED'' where id = %L', c)), 'PT409', 'finished is finished') from f;
select is(t.service(format('update public.jobs set status = ''QUEUED'' where id = %L', d)), '1', 'a running one may be given back') from f;
select is(t.service(format('update public.jobs set status = ''PROCESSING'', claimed_by = ''hand'' where id = %L', d)), '1', 'and taken by hand') from f;
select is(pg_temp.faults(), 0::bigint, 'the books balance');
select is(tenon.reap_silent_workers(3600), 0, 'a job that was updated recently is left alone');
alter table public.jobs disable trigger user;
update public.jobs set updated_at = now() - interval '2 hours', crashes = 1 where status = 'PROCESSING';
alter table public.jobs enable trigger user;
do $$ begin while tenon.reap_silent_workers(3600) > 0 loop end loop; end $$;
select is((select count(*)::int from public.jobs where status = 'PROCESSING'), 0, 'an old one is taken');
alter table public.jobs disable trigger settle;
insert into public.jobs (project_id, user_id, error_code) select pr.id, ada, 's' from pr, ids;
update public.jobs set status = 'FAILED', finished_at = now() - interval '1 minute' where error_code = 's';
alter table public.jobs enable trigger settle;
select is((select slot::text from public.jobs where error_code = 's'), 'true', 'an end that could not be settled');
select is(tenon.settle_finished_jobs() || ' ' || tenon.settle_finished_jobs(), '1 0', 'is settled by housekeeping');
select is(pg_temp.faults(), 0::bigint, 'the books balance');
select * from finish();
rollback;
