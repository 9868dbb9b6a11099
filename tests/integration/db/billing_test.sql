-- The columns of public.profiles that belong to billing, and the parameters of a job's error code.
begin;
select plan(12);
create temp table u as select t.user('ada@example.com', 100) as ada, t.user('bob@example.com') as bob;
grant select on u to service_role;

select is(tenon.set_stripe_customer(ada, 'cus_1'), 'cus_1', 'the first customer is stored') from u;
select is(tenon.set_stripe_customer(ada, 'cus_2'), 'cus_1', 'a second one does not replace it') from u;
select is(tenon.set_stripe_customer(gen_random_uuid(), 'cus_3'), null, 'an unknown user has none');
select is(t.service(format('select tenon.set_stripe_customer(%L, ''cus_1'')', bob)), '23505',
          'two users do not share a customer') from u;
select is(t.service(format('select tenon.set_subscription(%L, ''pro'', ''active'')', ada)), 'true',
          'service_role stores a subscription') from u;
select is((select subscription_tier || ' ' || subscription_status from public.profiles where id = ada), 'pro active',
          'tier and status are stored') from u;
select is(tenon.set_subscription(gen_random_uuid(), 'pro', 'active'), false, 'an unknown user has no subscription');
select is(t.run('authenticated', ada, format('select tenon.set_subscription(%L, ''enterprise'', ''active'')', ada)),
          '42501', 'a user cannot set a subscription') from u;

create temp table lease as select tenon.open_lease('w', 'h', 60) as id;
create temp table j as select t.job(ada, 1) as failed, t.job(ada, 1) as done from u;
create temp table c as select c.* from lease, tenon.claim_jobs('pipeline', 'w', lease.id, 2) c;
select is(t.col(failed, 'error_params'), '{}', 'a job without an error has no parameters') from j;
select is(tenon.fail_attempt(c.id, lease.id, c.fence, 'TOO_LONG', 'x', 30, '{"limit": 10}'), 'retry',
          'an attempt fails with parameters') from c, lease, j where c.id = j.done;
select is(tenon.finish_job(c.id, lease.id, c.fence, false, 0, 'TOO_LONG', 'x', '[]', '{}', '{"limit": 10}'), 'done',
          'a job fails with parameters') from c, lease, j where c.id = j.failed;
select is(t.col(failed, 'error_params'), '{"limit": 10}', 'they stand beside the error code') from j;

select * from finish();
rollback;
