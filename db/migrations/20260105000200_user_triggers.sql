-- A product's deferred trigger on auth.users speaks while the user is being made, not at commit, where nothing can turn
-- what it says into the wire's answer (spec/supabase-auth.md 9).
create function tenon.fire_deferred() returns void
language plpgsql set search_path = '' as $$
begin
  set constraints all immediate;
end
$$;
revoke all on function tenon.fire_deferred from public, anon, authenticated;
grant execute on function tenon.fire_deferred to service_role;
