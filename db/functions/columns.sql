-- Values of columns that many tables have: ids and updated_at.

-- A UUID version 7, ordered by time. Random ids would spread writes over every page of a large index.
create or replace function tenon.uuid7() returns uuid language sql volatile set search_path = '' as $$
  select encode(
    set_bit(set_bit(
      overlay(uuid_send(gen_random_uuid())
              placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6),
      52, 1), 53, 1),
    'hex')::uuid
$$;

create or replace function tenon.touch_updated_at() returns trigger language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end
$$;
create or replace trigger touch before update on public.profiles
  for each row execute function tenon.touch_updated_at();
create or replace trigger touch before update on public.user_notification_prefs
  for each row execute function tenon.touch_updated_at();
create or replace trigger touch before update on public.subscriptions
  for each row execute function tenon.touch_updated_at();
create or replace trigger touch before update on public.invoices
  for each row execute function tenon.touch_updated_at();

revoke all on all functions in schema tenon from public, anon, authenticated;
grant execute on function
  tenon.uuid7()
  to service_role;
