-- The ledger, reservations, grants, refunds.
begin;
select plan(64);
create temp table ids as select t.user('ada@example.com', 100) as ada, t.user('bob@example.com') as bob;
create temp table j as select t.job(ada) as a, t.job(bob) as b from ids;

select is((select count(*)::int from public.profiles p, ids where p.id = ada), 1, 'a new user has a profile');
select is(t.balance(bob), 0::bigint, 'and an account at zero') from ids;

-- Rows as other writers make them
select is(t.service(format('insert into public.credit_ledger (user_id, type, amount, note) values (%L, %L, 25, %L)', bob, 'purchase', 'x')),
          '1', 'the service writes a purchase with four columns') from ids;
select is(t.balance(bob), 25::bigint, 'and the balance moves') from ids;
select is((select business_key = id::text and seq = 1 and balance_after = 25 from public.credit_ledger l, ids where l.user_id = bob),
          true, 'key, seq and balance_after are filled');
select is(t.service(format('insert into public.credit_ledger (user_id, type, amount, seq) values (%L, %L, 25, 9)', bob, 'purchase')),
          '42501', 'nobody chooses seq') from ids;
select is(t.state(format('insert into public.credit_ledger (user_id, type, amount, seq, balance_after) values (%L, %L, 1, 77, 77)', bob, 'purchase')),
          '', 'the owner may name seq and balance_after') from ids;
select is((select max(seq) || ' ' || max(balance_after) from public.credit_ledger l, ids where l.user_id = bob), '2 26',
          'and they are set right all the same');
select is(t.state(format('insert into public.credit_ledger (user_id, type, amount) values (gen_random_uuid(), %L, 1)', 'purchase')),
          '23503', 'a stranger''s uuid gets no row');
select is(t.state(format('insert into public.credit_ledger (user_id, job_id, type, amount) values (%L, %L, %L, -1)', ada, b, 'spend')),
          '23503', 'another user''s job is refused') from ids, j;
select is(t.state(format('insert into public.credit_ledger (user_id, type, amount) values (%L, %L, %s)', ada, ty, am)), '23514',
          ty || ' of ' || am || ' is refused')
  from ids, (values ('purchase', -1), ('release', -1), ('reserve', 1), ('spend', 1), ('refund', 0), ('admin_adjust', 0)) v (ty, am);
select is(t.state(format('insert into public.credit_ledger (user_id, type, amount) values (%L, %L, -101)', ada, ty)), 'P0001',
          ty || ' does not take a balance below zero') from ids, (values ('reserve'), ('spend'), ('admin_adjust')) v (ty);
select is(t.balance(ada), 100::bigint, 'nothing of that moved the balance') from ids;

-- One key, one effect
select is(t.state(format('insert into public.credit_ledger (user_id, type, amount, business_key) values (%L, ''purchase'', 7, ''k''), (%L, ''purchase'', 7, ''k'')', ada, ada)),
          '', 'the same key twice in one statement passes') from ids;
select is(t.balance(ada), 107::bigint, 'and counts once') from ids;
select is(t.state(format('insert into public.credit_ledger (user_id, type, amount, business_key) values (%L, ''purchase'', 7, ''k'') on conflict do nothing', ada)),
          '', 'again with on conflict do nothing') from ids;
select is(t.balance(ada), 107::bigint, 'and nothing moves') from ids;
select is(t.state(format('insert into public.credit_ledger (user_id, type, amount, business_key) values (%L, ''purchase'', 8, ''k'')', ada)),
          '23505', 'the key with another amount is an error') from ids;
select is(t.state(format('insert into public.credit_ledger (user_id, type, amount, business_key) values (%L, ''purchase'', 7, ''k'')', bob)),
          '23505', 'the key with another user is an error') from ids;

-- Reservations
select is(t.state(format('select public.reserve_credits(%L, %L, %s)', ada, a, amount)), '22023', 'reserving ' || amount || ' is refused')
  from ids, j, (values ('0'), ('-1'), ('null')) v (amount);
select is(t.state(format('select public.reserve_credits(%L, %L, 2147483647)', ada, a)), 'P0001', 'so is all the money in the world') from ids, j;
select is(t.state(format('select public.reserve_credits(%L, %L, 1)', ada, b)), '22023', 'and another user''s job') from ids, j;
select is(t.state(format('select public.reserve_credits(%L, gen_random_uuid(), 1)', ada)), '22023', 'and no job') from ids;
select is(t.service(format('select public.reserve_credits(%L, %L, 30)', ada, a)), '', 'thirty are reserved') from ids, j;
select is(t.balance(ada) || ' ' || t.col(a, 'cost_credits_reserved'), '77 30', 'balance and job say so') from ids, j;
select is(t.service(format('select public.reserve_credits(%L, %L, 30)', ada, a)), '', 'the same again is no-op') from ids, j;
select is(t.service(format('select public.reserve_credits(%L, %L, 31)', ada, a)), '22023', 'another amount is an error') from ids, j;
select is(t.balance(ada), 77::bigint, 'and the balance stands') from ids;
select is((select type || ' ' || amount || ' ' || note || ' ' || business_key from public.credit_ledger l where job_id = a),
          'reserve -30 Reserve for job reserve:' || a, 'the row reads as it should') from j;
select is(t.service(format('select public.finalize_credits(%L, %L, %s)', ada, a, cost)), '22023', 'a final cost of ' || cost || ' is refused')
  from ids, j, (values ('-1'), ('null')) v (cost);
select is(t.service(format('select public.finalize_credits(%L, %L, 12)', ada, a)), '', 'it cost twelve') from ids, j;
select is(t.service(format('select public.finalize_credits(%L, %L, 0)', ada, a)), '', 'a second time is a no-op') from ids, j;
select is(t.balance(ada) || ' ' || t.col(a, 'cost_credits_final') || ' ' || t.col(a, 'cost_credits_reserved') || ' ' || t.ledger(a),
          '95 12 0 -12', 'the rest came back once') from ids, j;
select is(t.service(format('select public.reserve_credits(%L, %L, 1)', ada, a)), '22023', 'a settled job is not reserved again') from ids, j;

-- A plain writer cannot invent a reservation that would later be "released"
select is(t.service(format('update public.jobs set cost_credits_reserved = 1000 where id = %L', b)), '42501', 'a reservation is not an update') from j;
select is(t.service(format('insert into public.jobs (project_id, user_id, cost_credits_reserved) select project_id, user_id, 5 from public.jobs where id = %L', b)),
          '42501', 'nor an insert') from j;

-- Grants, refunds, disputes in any order
select is(tenon.grant_credits(bob, 'checkout:1', 80, 'Pack', 'pi_a', 1999), 'granted', 'a pack is granted') from ids;
select is(tenon.grant_credits(bob, 'checkout:1', 80, 'Pack', 'pi_a', 1999), 'again', 'once') from ids;
update tenon.payments set amount_refunded = 1000 where payment_intent = 'pi_a';
select is(tenon.payment_settle('pi_a') || ' ' || tenon.payment_settle('pi_a'), '41 0', 'half refunded takes ceil(half), once');
update tenon.payments set disputed = true where payment_intent = 'pi_a';
select is(tenon.payment_settle('pi_a'), 39, 'a dispute takes the rest');
update tenon.payments set disputed = false where payment_intent = 'pi_a';
select is(tenon.payment_settle('pi_a'), -39, 'won: it comes back');
update tenon.payments set disputed = true where payment_intent = 'pi_a';
select is(tenon.payment_settle('pi_a'), 39, 'and lost again: taken again');
insert into tenon.payments (payment_intent, user_id, amount, amount_refunded) select 'pi_b', bob, 1000, 1000 from ids;
select is(tenon.payment_settle('pi_b'), 0, 'a refund before its grant waits');
select is(tenon.grant_credits(bob, 'checkout:2', 25, 'Pack', 'pi_b', 1000), 'granted', 'the grant comes') from ids;
select is(t.balance(bob), 26::bigint, 'and is taken back at once') from ids;
select is(tenon.spend_credits(bob, 's', 26), 'spent', 'all is spent') from ids;
update tenon.payments set disputed = false, amount_refunded = 0 where payment_intent = 'pi_b';
select is(tenon.payment_settle('pi_b'), -25, 'the refund failed after all');
select is(tenon.spend_credits(bob, 't', 25), 'spent', 'that is spent too') from ids;
update tenon.payments set amount_refunded = 1000 where payment_intent = 'pi_b';
select is(tenon.payment_settle('pi_b') || ' ' || t.balance(bob), '25 -25', 'a refund of spent credits is owed') from ids;
select is(tenon.spend_credits(bob, 'u', 1), 'too_few_credits', 'and nothing can be spent') from ids;
select is(tenon.admin_adjust(ada, bob, -1, 'no', 'x'), 'too_few_credits', 'not even by an admin') from ids;
select is(tenon.admin_adjust(ada, bob, 30, 'gift', 'y') || ' ' || tenon.admin_adjust(ada, bob, 30, 'gift', 'y'), 'done again', 'an adjustment is made once') from ids;

-- The warning
select is((select count(*)::int from public.email_log e, ids where e.user_id = bob and kind = 'credits_low'), 2, 'each crossing by new money warned once');
select is((select count(*)::int from t.faults()), 0, 'nothing is out of balance');
select * from finish();
rollback;
