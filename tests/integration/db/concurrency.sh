#!/usr/bin/env bash
# Many clients at once: what must happen once happens once, and a mixed run of every recipe meets no deadlock.
# Run beside with-postgres. TENON_DB_SECONDS: length of the mixed run (10). Prints TAP.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=${TENON_DB_SECONDS:-10}
export PGOPTIONS='-c client_min_messages=warning'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sql() { psql -X -q -At -v ON_ERROR_STOP=1 "$TENON_TEST_OWNER_URL" "$@"; }
until_locks() { # until_locks N '' | not: N sessions hold, or wait for, the gate
  local deadline=$((SECONDS + 60))
  until [[ $(sql -c "select count(*) from pg_locks where locktype = 'advisory' and $2 granted") == "$1" ]]; do
    if ((SECONDS > deadline)); then echo 'Bail out! the sessions did not come'; exit 1; fi
    sleep 0.05
  done
}
# together N STATEMENT...: N sessions that each run the statements as the service, let go at the same moment; :n is the
# session's number. Prints each one's last line,
# or the SQLSTATE of its error.
together() {
  local n=$1 i
  shift
  {
    echo 'select set_config($$role$$, $$service_role$$, false);'
    echo 'select pg_advisory_lock_shared(1);'
    printf '%s\n' "$@"
  } >"$work/statements"
  mkfifo "$work/gate"
  (psql -X -q -At "$TENON_TEST_OWNER_URL" -c 'select pg_advisory_lock(1)' -f "$work/gate" >/dev/null) &
  local gate=$!
  exec 9>"$work/gate"
  until_locks 1 ''
  for ((i = 0; i < n; i++)); do
    psql -X -q -At -v n="$i" "$TENON_TEST_OWNER_URL" -v VERBOSITY=sqlstate <"$work/statements" 2>&1 9>&- | tail -n 1 9>&- &
  done
  until_locks "$n" not
  exec 9>&-
  wait "$gate"
  rm "$work/gate"
  wait
}
# behind LOCK STATEMENT: what the service is answered while another session holds what LOCK took; an error is its text.
behind() {
  mkfifo "$work/held"
  psql -X -q "$TENON_TEST_OWNER_URL" -f "$work/held" >"$work/holder" &
  local holder=$! deadline=$((SECONDS + 60))
  exec 8>"$work/held"
  printf '%s\n' "begin; $1;" '\echo taken' >&8
  until grep -q taken "$work/holder"; do
    if ((SECONDS > deadline)); then echo 'Bail out! the lock was not taken'; exit 1; fi
    sleep 0.05
  done
  psql -X -q -At "$TENON_TEST_OWNER_URL" -c 'set role service_role' -c "set statement_timeout = '5s'" -c "$2" 2>&1 8>&- | head -n 1
  exec 8>&-
  wait "$holder"
  rm "$work/held"
}
# mix SECONDS CLIENTS SCRIPT[@WEIGHT]...: transactions at random, and how many there were
mix() {
  local length=$1 clients=$2 script scripts=()
  shift 2
  for script in "$@"; do scripts+=(-f "$work/$script"); done
  "$TENON_TEST_PGBIN/../bin/pgbench" -n -c "$clients" -j 2 -T "$length" "${scripts[@]}" "$TENON_TEST_OWNER_URL" >"$work/pgbench" 2>&1 ||
    { sed 's/^/# /' "$work/pgbench"; failed=1; }
  grep -E 'transactions actually|^tps' "$work/pgbench" | sed 's/^/# /'
}
deadlocks() {
  sql -c 'select pg_stat_force_next_flush()' >/dev/null
  sql -c "select deadlocks from pg_stat_database where datname = current_database()"
}
# no_deadlock BEFORE NAME: fails and prints the server's report of each deadlock since
no_deadlock() {
  local n=$(($(deadlocks) - $1))
  if ((n > 0)); then { grep -A 25 'deadlock detected' "$TENON_TEST_LOG" || true; } | tail -n 120 | sed 's/^/# /'; fi
  is "$n" 0 "$2"
}
number=0
failed=0
is() { # is HAVE WANT NAME
  number=$((number + 1))
  if [[ $1 == "$2" ]]; then echo "ok $number - $3"; else
    echo "not ok $number - $3"
    printf '# have: %s\n# want: %s\n' "$1" "$2"
    failed=1
  fi
}
count() { grep -c "$1" || true; }

psql -X -q -v ON_ERROR_STOP=1 -1 "$TENON_TEST_OWNER_URL" -f "$here/support.sql" -f "$here/concurrency.sql" >/dev/null
ada=$(sql -c "select t.user('ada@example.com', 100)")
sql -c "create table t.numbered as select n, t.job('$ada') as id from generate_series(0, 39) n; grant usage on schema t to service_role; grant select on t.numbered to service_role"
one=$(sql -c "select id from t.numbered where n = 0")

out=$(together 40 "select id as job from t.numbered where n = :n \\gset" "select public.reserve_credits('$ada', :'job', 7);")
is "$(count P0001 <<<"$out")" 26 'forty reservations of seven from a hundred: twenty-six are refused'
is "$(sql -c "select t.balance('$ada')")" 2 'two credits remain'
job=$(sql -c "select id from public.jobs where cost_credits_reserved = 7 limit 1")
together 40 "select public.finalize_credits('$ada', '$job', 3);" >/dev/null
is "$(sql -c "select count(*) || ' ' || sum(amount) from public.credit_ledger where job_id = '$job' and type = 'release'")" '1 4' \
  'forty settlements: one release'
out=$(together 20 "select tenon.grant_credits('$ada', 'checkout:cs_1', 25, 'Pack', 'pi_1', 100);")
is "$(count granted <<<"$out") $(count again <<<"$out")" '1 19' 'twenty deliveries of one payment: one grant'
out=$(together 20 "insert into public.credit_ledger (user_id, type, amount, business_key) values ('$ada', 'purchase', 5, 'k') on conflict do nothing returning 'written';")
is "$(count written <<<"$out") $(sql -c "select t.balance('$ada')")" '1 36' 'twenty plain inserts of one key: one row, one effect'
project=$(sql -c "select t.project('$ada')")
out=$(together 20 "select outcome from tenon.enqueue_job('$ada', '$project', 'slides', 'pipeline', '{}', 1, '$project');")
is "$(count queued <<<"$out") $(count duplicate <<<"$out")" '1 19' 'twenty clicks on start: one job'
out=$(together 20 "select outcome from tenon.idempotency_begin('$ada', 'k', 'r', 'h');")
is "$(count new <<<"$out")" 1 'twenty requests with one key: one is new'
out=$(together 40 "select tenon.take_token('k', 10, 0.000001) = 0;")
is "$(count '^t$' <<<"$out")" 10 'forty grabs at ten tokens: ten'
sql -c "insert into tenon.tenant_lanes (user_id, lane, cap) values ('$ada', 1, 1000) on conflict (user_id, lane) do update set cap = 1000; select tenon.admit_burst('pipeline', 1)" >/dev/null
sql -c "select t.job('$ada') from generate_series(1, 100)" >/dev/null
ready=$(sql -c 'select count(*) from tenon.job_ready')
out=$(together 8 "select tenon.open_lease('w', 'h', 600) as lease \\gset" "select count(*) from tenon.claim_jobs('pipeline', 'w', :lease, 30);")
is "$(awk '{s += $1} END {print s}' <<<"$out")" "$(sql -c "select count(*) from public.jobs where status = 'PROCESSING' and fence = 1")" \
  'eight claimers: no job is claimed twice'
is "$((ready >= 100 && $(sql -c 'select count(*) from tenon.job_ready') < ready))" 1 'and they did claim'
is "$(sql -c 'select count(*) from t.faults()')" 0 'the books are whole'

# Who may wait for nothing gives up where skipping does not help.
lease=$(sql -c "select tenon.open_lease('w', 'h', 600)")
waiting=$(sql -c "select t.job('$ada')")
claim="select count(*) from tenon.claim_jobs('pipeline', 'w', $lease, 1000)"
is "$(behind 'lock table tenon.job_ready in access exclusive mode' "$claim")" 'ERROR:  The queue is busy' 'a claim that cannot skip what is locked says so'
is "$(sql -c "select status || ' ' || fence from public.jobs where id = '$waiting'")" 'QUEUED 0' 'and took nothing'
time="select vtime from tenon.lanes where id = 1"
sql -c "update tenon.job_ready set vtime = vtime + 1000 where lane = 1"
before=$(sql -c "$time")
is "$(behind "select pg_advisory_xact_lock(hashtext('tenon.vtime'), 1)" "$claim where id = '$waiting'")" 1 'a claim does not wait for who moves the time of the lane'
is "$(sql -c "$time")" "$before" 'and leaves it to that one'
foreign=$(sql -c "select t.job('$ada')")
sql -c "update public.jobs set status = 'PROCESSING' where id = '$foreign'" >/dev/null
behind 'lock table public.credit_accounts in access exclusive mode' "update public.jobs set status = 'READY' where id = '$foreign'" >/dev/null
is "$(sql -c "select status || ' ' || (settled_at is null) from public.jobs where id = '$foreign'")" 'READY true' 'an end that cannot be settled at once is left'
sql -c "select tenon.settle_finished_jobs(0)" >/dev/null
is "$(sql -c "select status || ' ' || (settled_at is null) from public.jobs where id = '$foreign'")" 'READY false' 'and settled by housekeeping'
parked=$(sql -c "select t.job('$ada')")
sql -c "select tenon.unadmit('$ada', 1::smallint)" >/dev/null
busy="update public.jobs set status = 'PROCESSING' where id = '$parked'"
is "$(behind "select tenon.lock_tenant('$ada', 1::smallint)" "$busy")" 'ERROR:  The queue is busy' 'a parked job is not taken by hand while its tenant is busy'
sql -c "set role service_role" -c "update tenon.lanes set cap = 1000 where id = 1" >/dev/null
capped="select pg_advisory_xact_lock(hashtext('tenon.lane'), 1)"
is "$(behind "$capped" "select coalesce((public.claim_next_job('foreign')).lane, 0)")" 0 'who goes through the lanes waits at none that has a cap'
sql -c "update tenon.lanes set cap = null where id = 1"

# The mixed run
sql -c "insert into auth.users (id, email) select gen_random_uuid(), 'mixed' || n from generate_series(1, 12) n;
        insert into public.projects (user_id, title) select id, 'p' from auth.users, generate_series(1, 3) where email like 'mixed%';
        select tenon.grant_credits(id, 'seed' || id, 100, 'x') from auth.users where email like 'mixed%';
        insert into t.held select tenon.open_lease('w', 'h', 60) from generate_series(1, 4)" >/dev/null
before=$(deadlocks)
printf '\\set r random(0, 50)\nselect t.act(:r);\n' >"$work/act.sql"
mix "$seconds" 16 act.sql
no_deadlock "$before" "a mixed run of ${seconds} s by sixteen clients: no deadlock"
# Claims in batches beside deletions. A circle that does not end by itself is one after a second too, a server's default;
# looked for sooner, a claim's wait of 50 ms behind a deletion that waits already could be taken for one.
psql -X -q -v ON_ERROR_STOP=1 "$TENON_TEST_SUPER_URL" -c "alter database tenon set deadlock_timeout = '1s'"
before=$(deadlocks)
echo 'select t.act(7);' >"$work/claim.sql"
echo 'select t.act(14);' >"$work/cancel.sql"
echo 'select t.act(13);' >"$work/back.sql"
printf '%s\n' 'select t.passing();' 'select t.passed();' >"$work/pass.sql"
echo 'select t.act(50);' >"$work/hand.sql"
mix "$seconds" 32 claim.sql@6 back.sql@2 pass.sql@2 cancel.sql@1 hand.sql@1
no_deadlock "$before" "claims in batches while accounts are deleted, ${seconds} s: no deadlock"
is "$(sql -c "select string_agg(distinct recipe || ' ' || state || ' ' || message, '; ') from t.errors")" '' 'and no other surprise'
sql -c "do \$\$ begin while tenon.settle_finished_jobs(0) > 0 loop end loop; end \$\$"
is "$(sql -c "select count(*) from public.jobs where status in ('READY', 'FAILED') and (settled_at is null or slot)")" 0 'every finished job comes to rest'
is "$(sql -c 'select string_agg(fault, $$; $$) from (select fault from t.faults() limit 5) f')" '' 'the books are whole'
is "$(sql -c "select (count(*) filter (where status = 'READY') > 4 and count(*) filter (where status = 'FAILED') > 4)::text from public.jobs")" true 'work was done'
is "$(sql -c "select count(*) from public.projects p where status = 'processing' and not exists
  (select from public.jobs j where j.project_id = p.id and status in ('QUEUED', 'PROCESSING'))")" 0 'no project waits for a job that is over'
is "$(sql -c 'select coalesce(tenon.audit_broken_at(), 0)')" 0 'the audit chain is whole'
sql -c "select '# ' || status || ' ' || count(*) from public.jobs group by status order by 1"
echo "1..$number"
exit "$failed"
