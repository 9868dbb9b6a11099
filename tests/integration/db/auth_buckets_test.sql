-- How long sign-in's buckets are remembered: AUTH_RATE_LIMITS accepts periods up to a day, so an idle one of hours may
-- still be empty.
begin;
select plan(2);
insert into tenon.rate_buckets (key, tokens, at) values
  ('auth:sign_in:ip:slow', 0, now() - interval '24 hours'), ('auth:sign_in:ip:old', 0, now() - interval '26 hours'),
  ('auth:code:slow', 0, now() - interval '24 hours'), ('auth:code:old', 0, now() - interval '26 hours'),
  ('other:young', 0, now() - interval '59 minutes'), ('other:old', 0, now() - interval '61 minutes');
select lives_ok('select tenon.prune()', 'the old go');
select is((select string_agg(key, ' ' order by key) from tenon.rate_buckets),
          'auth:code:slow auth:sign_in:ip:slow other:young',
          'a bucket of sign-in lives as long as the slowest may take to fill');
select * from finish();
rollback;
