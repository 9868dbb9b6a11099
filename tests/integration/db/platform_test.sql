-- What Supabase's clients and policies rely on, and the schema around it.
begin;
select plan(45);
create temp table ids as select t.user('ada@example.com') as ada;
select columns_are('auth', 'users', array['instance_id', 'id', 'aud', 'role', 'email', 'encrypted_password', 'email_confirmed_at', 'invited_at', 'confirmation_token',
  'confirmation_sent_at', 'recovery_token', 'recovery_sent_at', 'email_change_token_new', 'email_change', 'email_change_sent_at', 'last_sign_in_at', 'raw_app_meta_data',
  'raw_user_meta_data', 'is_super_admin', 'created_at', 'updated_at', 'phone', 'phone_confirmed_at', 'phone_change', 'phone_change_token', 'phone_change_sent_at', 'confirmed_at',
  'email_change_token_current', 'email_change_confirm_status', 'banned_until', 'reauthentication_token', 'reauthentication_sent_at', 'is_sso_user', 'deleted_at', 'is_anonymous'], 'auth.users');
select is((select confirmed_at is not null from auth.users, ids where id = ada), true, 'confirmed_at is generated');
select is(t.state('insert into auth.users (id, email) values (gen_random_uuid(), ''ADA@example.com'')'), '23505', 'an address is taken in any case');
select is(auth.uid(), null, 'outside a request there is no user');
select is(auth.role(), null, 'no role');
select is(auth.jwt(), null, 'no token');
select is(t.run('authenticated', ada, 'select auth.uid()'), ada::text, 'auth.uid()') from ids;
select is(t.run('authenticated', ada, 'select auth.role()'), 'authenticated', 'auth.role()') from ids;
select is(t.run('anon', null, 'select auth.uid() is null and auth.email() is null'), 'true', 'a visitor is nobody');
select set_config('request.jwt.claims', '{"email":"a@b.c","app_metadata":{"x":1}}', true) is null as "set" \gset
select is(auth.email() || (auth.jwt() -> 'app_metadata' ->> 'x'), 'a@b.c1', 'auth.email(), auth.jwt()');
select set_config('request.jwt.claims', '', true) is null as "set" \gset
select is(t.run(r, null, 'select count(*) from auth.users'), '42501', r || ' does not read auth.users') from (values ('anon'), ('authenticated')) x (r);
select is(t.service('select count(*) from auth.users'), '1', 'the service does');
select is_empty($$ select relname::text from pg_class where relnamespace in ('auth'::regnamespace, 'storage'::regnamespace) and relkind = 'r' and not relrowsecurity $$, 'row-level security in auth and storage');
select is(t.state(format('insert into auth.identities (provider_id, user_id, identity_data, provider) values (''1'', %L, ''{"email":"A@b.c"}'', ''email'')', ada)), '', 'an identity') from ids;
select is((select email from auth.identities), 'a@b.c', 'has its address in small letters');
insert into auth.signing_keys (kid, alg, private_enc, state) values ('a', 'ES256', 'x', 'current');
select is(t.state('insert into auth.signing_keys (kid, alg, private_enc, state) values (''b'', ''ES256'', ''x'', ''current'')'), '23505', 'one signing key is current');

select is(storage.foldername('u_1/p_2/x.mp4'), array['u_1', 'p_2'], 'foldername');
select is((storage.foldername('x.mp4'))[1], null, 'of a bare file');
select is(storage.filename('u_1/p_2/x.mp4'), 'x.mp4', 'filename');
select is(storage.extension('u_1/a.b/x.tar.gz'), 'gz', 'extension');
select set_eq('select id || public from storage.buckets', array['project-assetsfalse', 'project-outputsfalse'], 'two private buckets');
select is(t.run('authenticated', ada, format('insert into storage.objects (bucket_id, name) values (''project-outputs'', ''u_%s/x'')', ada)), '42501', 'users do not write') from ids;
select is(t.service(format('insert into storage.objects (bucket_id, name, metadata) values (''project-outputs'', ''u_%s/x'', ''{"size":7}''), (''project-assets'', ''u_%s/y'', ''{"size":5}''), (''project-assets'', ''%s/bare'', ''{}''), (''project-assets'', ''u_%s0/z'', ''{"size":1}'')', ada, ada, ada, ada)), '4', 'the service does') from ids;
select is(t.run('authenticated', ada, 'select string_agg(storage.filename(name), '','' order by name collate "C") from storage.objects'), 'bare,x,y', 'an owner reads his two folders') from ids;
select is(t.run('authenticated', gen_random_uuid(), 'select count(*) from storage.objects'), '0', 'another reads none');
select is(t.run('anon', null, 'select count(*) from storage.objects'), '0', 'a visitor reads none');
select is(t.run('authenticated', ada, 'update storage.objects set name = ''u_2/x'''), '0', 'a user changes none') from ids;
select is((select bytes || ' ' || objects from storage.usage, ids where user_id = ada), '12 2', 'bytes are counted per owner');
update storage.objects set metadata = '{"size":100}' where name like '%/y';
select is((select bytes || ' ' || objects from storage.usage, ids where user_id = ada), '107 2', 'also when a file is replaced');
select is(t.state('delete from storage.objects'), '42501', 'SQL does not delete files');
select is(t.run('authenticated', ada, 'delete from storage.objects'), '42501', 'nor does a user') from ids;
select set_config('storage.allow_delete_query', 'true', true) is null as "set" \gset
delete from storage.objects where name like '%/x';
select is((select bytes || ' ' || objects from storage.usage, ids where user_id = ada), '100 1', 'the storage part does');

-- Paths of assets
create temp table p as select t.project(ada) as id from ids;
create function pg_temp.path(p_path text) returns text language sql as $$
  select t.state(format('insert into public.assets (project_id, user_id, type, path) select p.id, ada, ''input'', %L from p, ids', p_path)) $$;
select is(pg_temp.path(path), state, 'path ' || to_json(path)) from (values ('bucket/a', ''), ('bucket', '23514'), ('/a', '23514'), ('bucket/', '23514'), ('bucket//a', '23514'),
  ('bucket/../a', '23514'), ('bucket/a/.', '23514'), (E'bucket/a\\b', '23514'), (E'bucket/a\nb', '23514')) v (path, state);
select is(t.state(format('insert into public.projects (user_id, title) values (%L, %L)', ada, title)), '23514', 'a title has 1 to 200 letters')
  from ids, (values (''), ('   '), (repeat('x', 201))) v (title);
select * from finish();
rollback;
