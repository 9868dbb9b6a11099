-- Functions and their signatures. A server of the previous version keeps calling the old signature while a new one is
-- rolled out, and "create or replace" with other arguments makes a second function instead of replacing the first. So a
-- signature that is changed here needs a migration that drops the old one, in a later release (db/README.md "Changing
-- a function").
begin;
select plan(3);

prepare functions as
  select format('%s.%s(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where n.nspname in ('tenon', 'public');
select set_eq('functions', array[
  'public.claim_next_job(text)',
  'public.finalize_credits(uuid, uuid, integer)',
  'public.reserve_credits(uuid, uuid, integer)',
  'tenon.add_assets(jobs, jsonb)',
  'tenon.admin_adjust(uuid, uuid, integer, text, text)',
  'tenon.admit_burst(text, integer)',
  'tenon.admit_parked(uuid, smallint, integer)',
  'tenon.audit(uuid, text, text, jsonb, text)',
  'tenon.audit_before_change()',
  'tenon.audit_before_insert()',
  'tenon.audit_broken_at()',
  'tenon.audit_hash(bytea, tenon.audit_log, bigint)',
  'tenon.cancel_job(uuid)',
  'tenon.checkpoint(uuid, bigint, bigint, integer, text, text, integer, jsonb, text, jsonb, jsonb)',
  'tenon.claim_jobs(text, text, bigint, integer)',
  'tenon.close_lease(bigint)',
  'tenon.count_job_email(uuid, text)',
  'tenon.delete_user(uuid)',
  'tenon.end_job(jobs, boolean, integer, text, text, jsonb, boolean, jsonb)',
  'tenon.enqueue_job(uuid, uuid, text, text, jsonb, integer, text, timestamp with time zone)',
  'tenon.fail_attempt(uuid, bigint, bigint, text, text, integer, jsonb)',
  'tenon.finish_job(uuid, bigint, bigint, boolean, integer, text, text, jsonb, jsonb, jsonb)',
  'tenon.fire_deferred()',
  'tenon.grant_credits(uuid, text, integer, text, text, bigint)',
  'tenon.release_job(uuid, bigint, bigint)',
  'tenon.heartbeat(bigint, integer)',
  'tenon.idempotency_begin(uuid, text, text, text)',
  'tenon.idempotency_end(uuid, text, integer, jsonb)',
  'tenon.internal()',
  'tenon.is_admin(uuid)',
  'tenon.job_seq(timestamp with time zone)',
  'tenon.jobs_after_end()',
  'tenon.jobs_after_insert()',
  'tenon.jobs_before_delete()',
  'tenon.jobs_before_insert()',
  'tenon.jobs_before_update()',
  'tenon.lane_id(text)',
  'tenon.ledger_before_insert()',
  'tenon.lock_account(uuid)',
  'tenon.lock_for_job(uuid, boolean)',
  'tenon.lock_leased(uuid, bigint, bigint)',
  'tenon.lock_tenant(uuid, smallint, boolean)',
  'tenon.try_lock_tenant(uuid, smallint)',
  'tenon.try_lock_job(uuid)',
  'tenon.notify_jobs(smallint)',
  'tenon.on_newsletter_opt_in()',
  'tenon.on_user_created()',
  'tenon.on_user_deleting()',
  'tenon.open_lease(text, text, integer)',
  'tenon.outbox_claim(text, bigint, integer, integer, bigint[], jsonb)',
  'tenon.outbox_complete(bigint, integer, bigint[], jsonb)',
  'tenon.outbox_put(text, text, uuid, jsonb, timestamp with time zone)',
  'tenon.outbox_put_ranked(text, text, uuid, jsonb, timestamp with time zone, smallint)',
  'tenon.outbox_take_turns(text)',
  'tenon.outbox_turn(text, smallint, uuid)',
  'tenon.payment_settle(text)',
  'tenon.pick_jobs(smallint, text, bigint, integer)',
  'tenon.profiles_after_tier()',
  'tenon.projects_before_delete()',
  'tenon.projects_before_update()',
  'tenon.promote_due_jobs(integer)',
  'tenon.prune(integer)',
  'tenon.prune_auth(integer)',
  'tenon.queue_mail(uuid, text, text, jsonb, text)',
  'tenon.refuse_change()',
  'tenon.repair_slots()',
  'tenon.requeue(jobs, integer, integer, integer)',
  'tenon.reap_expired_leases(text, text)',
  'tenon.reap_silent_workers(integer, text, text)',
  'tenon.retry_job(uuid, uuid, integer)',
  'tenon.seal_audit(integer)',
  'tenon.set_progress(uuid, bigint, bigint, integer)',
  'tenon.set_stripe_customer(uuid, text)',
  'tenon.set_subscription(uuid, text, text)',
  'tenon.settle_money(jobs, integer)',
  'tenon.settle_finished_jobs(integer)',
  'tenon.spend_credits(uuid, text, integer, text)',
  'tenon.take_jobs(smallint, text, bigint, integer)',
  'tenon.recover_job(jobs, text, text)',
  'tenon.take_slot(jobs)',
  'tenon.take_token(text, double precision, double precision, double precision)',
  'tenon.tier_weight(text)',
  'tenon.token_wait(text, double precision)',
  'tenon.touch_updated_at()',
  'tenon.unadmit(uuid, smallint)',
  'tenon.user_contact(uuid)',
  'tenon.uuid7()'
], 'every function has the signature that is recorded here');

-- Signatures that a running release may still call, to be dropped by a later migration: schema.name.
select is_empty($$
  select n.nspname || '.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where n.nspname in ('tenon', 'public') group by 1 having count(*) > 1
$$, 'no function is overloaded');

select is_empty($$
  select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where n.nspname in ('tenon', 'public')
     and not coalesce(p.proconfig @> array['search_path=""'], false)
$$, 'every function sets its search_path');

select * from finish();
rollback;
