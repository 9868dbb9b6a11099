-- Helpers of the tests in this folder; loaded once per cluster by `run`, as the owner.
create schema t;

-- Runs one statement as a role and a user: the first column of the first row, or the number of rows a command touched,
-- or the SQLSTATE of its error.
create function t.run(p_role text, p_user uuid, p_sql text) returns text language plpgsql as $$
declare
  v_out text;
  v_rows bigint;
begin
  perform set_config('request.jwt.claims', case when p_user is null then '' else
    json_build_object('sub', p_user, 'role', p_role)::text end, true);
  perform set_config('role', p_role, true);
  begin
    if p_sql ~* '^\s*(select|with)' or p_sql ~* '\sreturning\s' then
      execute p_sql into v_out;
    else
      execute p_sql;
      get diagnostics v_rows = row_count;
      v_out := v_rows;
    end if;
  exception when others then
    v_out := sqlstate;
  end;
  perform set_config('role', 'none', true);
  perform set_config('request.jwt.claims', '', true);
  return v_out;
end
$$;
create function t.service(p_sql text) returns text language sql as $$ select t.run('service_role', null, p_sql) $$;

-- The SQLSTATE of a statement, or '' when it passes.
create function t.state(p_sql text) returns text language plpgsql as $$
begin
  execute p_sql;
  return '';
exception when others then
  return sqlstate;
end
$$;

create function t.user(p_email text, p_credits int default 0) returns uuid language plpgsql as $$
declare
  v_id uuid := gen_random_uuid();
begin
  insert into auth.users (id, email, aud, role, email_confirmed_at, created_at)
  values (v_id, p_email, 'authenticated', 'authenticated', now(), now());
  if p_credits > 0 then
    perform tenon.grant_credits(v_id, 'seed:' || v_id, p_credits, 'seed');
  end if;
  return v_id;
end
$$;

create function t.project(p_user uuid, p_title text default 'Project') returns uuid language sql as $$
  insert into public.projects (user_id, title) values (p_user, p_title) returning id
$$;

-- A queued job with a reservation.
create function t.job(p_user uuid, p_reserve int default 0) returns uuid language sql as $$
  select job_id from tenon.enqueue_job(p_user, t.project(p_user), 'test', 'pipeline', '{}', p_reserve)
$$;

create function t.balance(p_user uuid) returns bigint language sql as $$
  select balance from public.credit_accounts where user_id = p_user
$$;
create function t.ledger(p_job uuid) returns bigint language sql as $$
  select coalesce(sum(amount), 0) from public.credit_ledger where job_id = p_job
$$;
create function t.col(p_job uuid, p_column text) returns text language sql as $$
  select to_jsonb(j) ->> p_column from public.jobs j where id = p_job
$$;

-- What must hold at every instant; each fault is a row.
create function t.faults() returns table (fault text) language sql as $$
  select 'balance of ' || a.user_id from public.credit_accounts a
   where a.balance <> (select coalesce(sum(amount), 0) from public.credit_ledger l where l.user_id = a.user_id)
  union all
  select 'chain at ' || l.user_id || ' ' || l.seq
    from (select *, lag(balance_after, 1, 0::bigint) over w as before, row_number() over w as nth
            from public.credit_ledger window w as (partition by user_id order by seq)) l
   where l.balance_after <> l.before + l.amount or l.seq <> l.nth
  union all
  select 'places of queued job ' || j.id from public.jobs j
   where j.status = 'QUEUED' and
     (select count(*) from tenon.job_ready r where r.job_id = j.id) + (select count(*) from tenon.job_parked p where p.job_id = j.id)
     + (select count(*) from tenon.job_timers i where i.job_id = j.id) <> 1
  union all
  select 'place without a queued job ' || q.job_id
    from (select job_id from tenon.job_ready union all select job_id from tenon.job_parked
          union all select job_id from tenon.job_timers) q
   where not exists (select from public.jobs j where j.id = q.job_id and j.status = 'QUEUED')
  union all
  select 'admitted of ' || t.user_id || ': ' || t.admitted from tenon.tenant_lanes t
   where t.admitted <> (select count(*) from tenon.job_ready r where r.user_id = t.user_id and r.lane = t.lane)
                     + (select count(*) from public.jobs j where j.user_id = t.user_id and j.lane = t.lane and j.slot)
  union all
  select 'slot without a tenant ' || j.id from public.jobs j
   where j.slot and not exists (select from tenon.tenant_lanes t where t.user_id = j.user_id and t.lane = j.lane)
  union all
  select 'money of job ' || j.id from public.jobs j
   where j.settled_at is not null
     and -j.cost_credits_final <> (select coalesce(sum(amount), 0) from public.credit_ledger l where l.job_id = j.id)
  union all
  select 'reservation of job ' || j.id from public.jobs j
   where j.settled_at is null
     and -j.cost_credits_reserved <> (select coalesce(sum(amount), 0) from public.credit_ledger l where l.job_id = j.id)
  union all
  select 'running without slot ' || j.id from public.jobs j where j.status = 'PROCESSING' and not j.slot
$$;
