-- Roles belong to the cluster, not to the database, so each may be there already. Run as superuser when there is one
-- (only a superuser may hand out BYPASSRLS before Postgres 16); the product works without that attribute.

do $$
declare
  v_role text;
  v_super boolean := (select rolsuper from pg_catalog.pg_roles where rolname = current_user);
  v_owner text := (select pg_catalog.pg_get_userbyid(datdba) from pg_catalog.pg_database
                    where datname = pg_catalog.current_database());
begin
  if not v_super then
    v_owner := current_user;
  end if;

  foreach v_role in array array['anon', 'authenticated', 'service_role', 'authenticator'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      begin
        execute pg_catalog.format('create role %I %s noinherit', v_role,
                                  case when v_role = 'authenticator' then 'login' else 'nologin' end);
      exception when duplicate_object or unique_violation then
        null;  -- created by another database of this cluster at the same time
      end;
    end if;
  end loop;

  begin
    alter role service_role bypassrls;
  exception when insufficient_privilege then
    raise notice 'service_role goes without BYPASSRLS: its policies let it pass';
  end;

  begin
    alter role anon set statement_timeout = '3s';
    alter role authenticated set statement_timeout = '8s';
    alter role authenticator set statement_timeout = '8s';
    alter role authenticator set lock_timeout = '8s';
  exception when insufficient_privilege then
    raise notice 'the roles exist already and keep the time limits they have';
  end;

  foreach v_role in array array['anon', 'authenticated', 'service_role'] loop
    begin
      execute pg_catalog.format('grant %I to authenticator', v_role);
      if v_owner <> v_role then
        execute pg_catalog.format('grant %I to %I', v_role, v_owner);
      end if;
    exception when insufficient_privilege or unique_violation then
      raise notice '% is granted by whoever made it', v_role;
    end;
  end loop;
end
$$;
