-- Random recipes for concurrency.sh: each call is one transaction of one client.
create table t.errors (state text, recipe int, message text);
create table t.counts (recipe int, n bigint);
create unlogged table t.held (lease bigint primary key);

create function t.any_user() returns uuid language sql volatile as $$
  select id from auth.users where email like 'mixed%' order by random() limit 1
$$;
create function t.any_project(p_user uuid) returns uuid language sql volatile as $$
  select id from public.projects where user_id = p_user order by random() limit 1
$$;
create function t.any_running(p_leased boolean) returns public.jobs language sql volatile as $$
  select j from public.jobs j where status = 'PROCESSING' and (lease_id is not null) = p_leased order by random() limit 1
$$;

create function t.act(p_recipe int) returns void language plpgsql as $$
declare
  u uuid := t.any_user();
  p uuid := t.any_project(u);
  j public.jobs;
  l bigint := (select lease from t.held order by random() limit 1);
  n int := floor(random() * 6);
  x text;
  o bigint;
begin
  case p_recipe
    when 0, 1, 2, 3 then
      perform tenon.enqueue_job(u, p, 'test', 'pipeline', '{}', n, case when random() < 0.5 then p::text end,
                                case when random() < 0.1 then now() + interval '1 second' end);
    when 4, 5, 6, 7 then perform tenon.claim_jobs('pipeline', 'w', l, 1 + n);
    when 8 then
      j := t.any_running(true);
      perform tenon.checkpoint(j.id, j.lease_id, j.fence, n, 'step', 'done', n * 10, '{}', null, '{}',
                jsonb_build_array(jsonb_build_object('type', 'intermediate', 'path', 'b/' || n)));
    when 9, 10, 11 then
      j := t.any_running(true);
      perform tenon.finish_job(j.id, j.lease_id, j.fence, random() < 0.7, n, 'X', 'x',
                jsonb_build_array(jsonb_build_object('type', 'output', 'path', 'b/o')));
    when 12 then j := t.any_running(true); perform tenon.fail_attempt(j.id, j.lease_id, j.fence, 'X', 'x', n % 2);
    when 13 then j := t.any_running(true); perform tenon.release_job(j.id, j.lease_id, j.fence);
    when 14 then
      perform tenon.cancel_job((select id from public.jobs where status in ('QUEUED', 'PROCESSING') order by random() limit 1));
    when 15, 16 then perform public.claim_next_job('foreign');
    when 17, 18 then
      j := t.any_running(false);
      update public.jobs set status = case when random() < 0.5 then 'READY' else 'FAILED' end::public.job_status where id = j.id;
    when 19 then j := t.any_running(false); perform public.reserve_credits(j.user_id, j.id, 3);
    when 20 then j := t.any_running(false); perform public.finalize_credits(j.user_id, j.id, n);
    when 21 then perform tenon.heartbeat(l);
    when 22 then
      if random() < 0.3 then
        update tenon.leases set expires_at = now() - interval '1 second', seconds = 1 where id = l and expires_at > '-infinity';
        delete from t.held where lease = l;
        insert into t.held values (tenon.open_lease('w', 'h', 60));
      end if;
    when 23, 24 then perform tenon.reap_expired_leases();
    when 25 then perform tenon.promote_due_jobs();
    when 26, 27 then perform tenon.settle_finished_jobs(0);
    when 28 then perform tenon.reap_silent_workers(1);
    when 29 then perform tenon.grant_credits(u, 'g' || random(), 20, 'x', 'pi_' || floor(random() * 1000), 100);
    when 30 then perform tenon.spend_credits(u, 's' || random(), n + 1);
    when 31 then
      x := (select payment_intent from tenon.payments order by random() limit 1);
      -- As the webhook does: account first, then the payment.
      perform tenon.lock_account((select user_id from tenon.payments where payment_intent = x));
      update tenon.payments set amount_refunded = least(100, amount_refunded + 10), disputed = random() < 0.3 where payment_intent = x;
      perform tenon.payment_settle(x);
    when 32 then
      if random() < 0.3 then
        perform tenon.delete_user(u);
        insert into auth.users (id, email) values (gen_random_uuid(), 'mixed' || random());
      end if;
    when 33 then
      delete from public.projects where id = p;
    when 34 then insert into public.projects (user_id, title) values (u, 'x');
    when 35 then insert into public.jobs (project_id, user_id, created_at) values (p, u, now() - make_interval(secs => n));
    when 36 then
      insert into public.assets (project_id, user_id, job_id, type, path)
      values (p, u, (select id from public.jobs where project_id = p order by random() limit 1), 'input', 'b/' || random());
    when 37, 38 then
      o := (select min(id) from tenon.outbox_leases where lane = 'mail');
      perform tenon.outbox_claim('mail', o, 60, 20, (select ids from tenon.outbox_leases where id = o));
    when 39 then update public.projects set title = 'y' where id = p;
    when 40 then update public.profiles set subscription_tier = (array['starter', 'pro', null])[1 + n % 3] where id = u;
    when 41 then perform tenon.seal_audit();
    when 42 then perform tenon.admit_burst('pipeline', n);
    when 43 then perform tenon.prune();
    when 44 then insert into public.credit_ledger (user_id, type, amount) values (u, 'purchase', 1 + n);
    when 45 then
      j := null;
      select * into j from public.jobs where status = 'FAILED' and user_id = u limit 1;
      perform tenon.retry_job(u, j.id, 1);
    when 46 then perform tenon.queue_mail(u, 'recovery', null);
    when 47 then perform tenon.repair_slots();
    when 48 then perform tenon.admin_adjust(u, u, 1, 'x', 'a' || random());
    when 50 then
      select * into j from public.jobs where status = 'QUEUED' order by random() limit 1;
      update public.jobs set status = case when random() < 0.5 then 'PROCESSING' else 'FAILED' end::public.job_status where id = j.id;
    else
      -- One job: a volatile function in the where clause would be called for each row, and several jobs be locked.
      j := t.any_running(false);
      update public.jobs set progress = least(progress + 1, 99) where id = j.id;
  end case;
exception
  -- What a caller must expect: not enough credits, a job that runs, a row that is gone.
  when sqlstate 'P0001' or sqlstate 'PT409' or sqlstate '22023' or sqlstate '23503' or sqlstate '40001' or sqlstate '23502' then null;
  when others then insert into t.errors values (sqlstate, p_recipe, sqlerrm);
end
$$;

-- People with many jobs who come and go: what is deleted holds several jobs of one user, a claim those of many.
create function t.passing() returns void language plpgsql as $$
declare
  u uuid := gen_random_uuid();
begin
  insert into auth.users (id, email) values (u, 'passing' || random());
  insert into public.projects (user_id, title) select u, 'x' from generate_series(1, 3);
  insert into public.jobs (project_id, user_id) select id, u from public.projects, generate_series(1, 6) where user_id = u;
end
$$;
create function t.passed() returns void language plpgsql as $$
begin
  perform tenon.delete_user((select id from auth.users where email like 'passing%' order by random() limit 1));
exception when others then insert into t.errors values (sqlstate, -1, sqlerrm);
end
$$;
