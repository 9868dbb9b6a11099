-- Called by the web server: start a job, retry a failed one, cancel one.

-- Starts a job on a project, with the project's next_job_id as its id and the files waiting there as its inputs.
-- Returns `queued`, `no_project`, `duplicate` (an unfinished job has the same key; its id is returned) or
-- `too_few_credits`. Only `queued` writes anything.
create or replace function tenon.enqueue_job(
  p_user uuid, p_project uuid, p_pipeline text, p_lane text default 'pipeline', p_input jsonb default '{}',
  p_reserve int default 0, p_key text default null, p_run_at timestamptz default null
) returns table (outcome text, job_id uuid)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  v_lane smallint := tenon.lane_id(p_lane);
  v_account public.credit_accounts;
  v_id uuid;
begin
  if p_user is null or p_project is null or p_pipeline is null or p_reserve is null or p_reserve < 0 then
    raise exception 'A job needs user, project, pipeline and a reservation that is not negative'
      using errcode = '22023';
  end if;
  v_account := tenon.lock_account(p_user);
  select p.next_job_id into v_id from public.projects p
   where p.id = p_project and p.user_id = p_user for no key update;
  if not found then
    return query select 'no_project'::text, null::uuid;
    return;
  end if;
  if p_key is not null then
    select j.id into v_id from public.jobs j
     where j.user_id = p_user and j.pipeline = p_pipeline and j.unique_key = p_key
       and j.status in ('QUEUED', 'PROCESSING');
    if found then
      return query select 'duplicate'::text, v_id;
      return;
    end if;
    select p.next_job_id into v_id from public.projects p where p.id = p_project;
  end if;
  if v_account.balance < p_reserve then
    return query select 'too_few_credits'::text, null::uuid;
    return;
  end if;

  perform set_config('tenon.internal', 'on', true);
  insert into public.jobs (id, project_id, user_id, lane, pipeline, input, unique_key, run_at, cost_credits_reserved)
  values (v_id, p_project, p_user, v_lane, p_pipeline, coalesce(p_input, '{}'), p_key, p_run_at, p_reserve);
  perform set_config('tenon.internal', '', true);
  if p_reserve > 0 then
    insert into public.credit_ledger (id, user_id, job_id, type, amount, note, business_key)
    values (tenon.uuid7(), p_user, v_id, 'reserve', -p_reserve, 'Reserve for job', 'reserve:' || v_id::text);
  end if;
  update public.projects set status = 'processing', next_job_id = tenon.uuid7() where id = p_project;
  update public.assets set job_id = v_id
   where project_id = p_project and user_id = p_user and job_id is null and type = 'input';
  return query select 'queued'::text, v_id;
end
$$;

-- Starts a new job that continues a failed one: it takes over the input, and copies finished steps and their files.
-- Returns what enqueue_job does, `no_job` or `not_failed`.
create or replace function tenon.retry_job(p_user uuid, p_job uuid, p_reserve int default 0)
returns table (outcome text, job_id uuid)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  v_old public.jobs;
  v_new record;
begin
  perform tenon.lock_account(p_user);
  select * into v_old from public.jobs where id = p_job and user_id = p_user;
  if not found then
    return query select 'no_job'::text, null::uuid;
    return;
  end if;
  if v_old.status <> 'FAILED' or v_old.settled_at is null or v_old.slot then
    return query select 'not_failed'::text, null::uuid;
    return;
  end if;
  select e.* into v_new
    from tenon.enqueue_job(p_user, v_old.project_id, v_old.pipeline,
                           (select l.name from tenon.lanes l where l.id = v_old.lane),
                           v_old.input, p_reserve, v_old.unique_key) as e;
  if v_new.outcome = 'queued' then
    update public.jobs set retry_of = p_job where id = v_new.job_id;
    insert into public.job_steps (job_id, user_id, n, name, state, attempt, output, started_at, finished_at,
                                  cpu_ms, peak_kb, bytes_in, bytes_out, credits)
    select v_new.job_id, s.user_id, s.n, s.name, s.state, s.attempt, s.output, s.started_at, s.finished_at,
           s.cpu_ms, s.peak_kb, s.bytes_in, s.bytes_out,
           -- Steps that the failed job paid for are not charged again. Null stays null: the step has no price.
           case when s.credits is not null and v_old.cost_credits_final > 0 then 0 else s.credits end
      from public.job_steps s where s.job_id = p_job and s.state in ('done', 'skipped');
    update public.assets a set job_id = v_new.job_id where a.job_id = p_job and a.type = 'input';
    insert into public.assets (id, user_id, project_id, job_id, type, path, meta)
    select tenon.uuid7(), a.user_id, a.project_id, v_new.job_id, a.type, a.path, a.meta
      from public.assets a where a.job_id = p_job and a.type = 'intermediate';
  end if;
  return query select case v_new.outcome when 'no_project' then 'no_job' else v_new.outcome end, v_new.job_id;
end
$$;

-- Cancels a job: `cancelled` when it was waiting, `requested` when a worker has to stop it, else `finished` or
-- `no_job`. The caller has checked that the job is the user's.
create or replace function tenon.cancel_job(p_job uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs := tenon.lock_for_job(p_job);
begin
  if v_job.id is null then
    return 'no_job';
  elsif v_job.status = 'QUEUED' then
    perform tenon.end_job(v_job, false, 0, 'CANCELLED', 'The job was cancelled.');
    return 'cancelled';
  elsif v_job.status = 'PROCESSING' then
    update public.jobs set cancel_requested_at = coalesce(cancel_requested_at, now()) where id = p_job;
    perform pg_notify('tenon_cancel', p_job::text);
    return 'requested';
  end if;
  return 'finished';
end
$$;

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.enqueue_job(uuid, uuid, text, text, jsonb, int, text, timestamptz), tenon.retry_job(uuid, uuid, int),
  tenon.cancel_job(uuid)
  to service_role;
