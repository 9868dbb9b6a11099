-- Nothing grows with history: what a claim, an end and a list read does not depend on how many finished jobs there are.
begin;
select plan(7);
create temp table ids as select t.user('ada@example.com', 1000) as ada;
create temp table p as select t.project(ada) as id from ids;
insert into public.jobs (project_id, user_id, status, created_at) select p.id, ada, 'READY', now() - make_interval(mins => n) from p, ids, generate_series(1, 3000) n;
-- The statistics know of no waiting job: the trap in which a planner starts at the wrong index.
analyze public.jobs; analyze tenon.job_ready; analyze public.projects;
update tenon.lanes set tenant_cap = 1000;
select is((select count(t.job(ada, 1))::int from ids, generate_series(1, 200)), 200, 'two hundred jobs wait');
create temp table lease as select tenon.open_lease('w', 'h', 60) as id;
create function pg_temp.read(p_table text) returns bigint language sql volatile as $$
  select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relid = p_table::regclass $$;
create temp table n (jobs bigint, ready bigint);

insert into n select pg_temp.read('public.jobs'), pg_temp.read('tenon.job_ready');
create temp table c as select c.* from lease, tenon.claim_jobs('pipeline', 'w', lease.id, 1) c;
select cmp_ok(pg_temp.read('public.jobs') - jobs, '<=', 4::bigint, 'a claim reads its own job') from n;
select cmp_ok(pg_temp.read('tenon.job_ready') - ready, '<=', 4::bigint, 'and its own place') from n;

update n set jobs = pg_temp.read('public.jobs');
select is((select tenon.finish_job(c.id, lease.id, c.fence, true, 1) from c, lease), 'done', 'it ends');
select cmp_ok(pg_temp.read('public.jobs') - jobs, '<=', 12::bigint, 'and reads no history') from n;

-- What came since a return from the checkout is asked every few seconds, by somebody who has spent for years.
insert into public.credit_ledger (user_id, type, amount, note) select ada, 'spend', -1, 'old' from ids, generate_series(1, 700);
create temp table bought as select tenon.grant_credits(ada, 'checkout:now', 25, 'Pack') from ids;
analyze public.credit_ledger;
update n set jobs = pg_temp.read('public.credit_ledger');
select is((select sum(amount)::int from public.credit_ledger, ids where user_id = ada and type = 'purchase'
           and created_at >= now() - interval '1 hour' and business_key not like 'welcome:%'), 1025, 'what was bought is found');
select cmp_ok(pg_temp.read('public.credit_ledger') - jobs, '<=', 12::bigint, 'without what was spent') from n;
select * from finish();
rollback;
