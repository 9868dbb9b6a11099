-- Schema storage: Supabase's tables, and two of Tenon's own (resumable uploads, bytes used per owner).

create schema storage;
grant usage on schema storage to anon, authenticated, service_role;

create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');

create function storage.foldername(name text) returns text[] language sql immutable as $$
  select parts[1 : cardinality(parts) - 1] from (select string_to_array(name, '/') as parts) as split
$$;

create function storage.filename(name text) returns text language sql immutable as $$
  select parts[cardinality(parts)] from (select string_to_array(name, '/') as parts) as split
$$;

create function storage.extension(name text) returns text language sql immutable as $$
  select parts[cardinality(parts)]
    from (select string_to_array(storage.filename(name), '.') as parts) as split
$$;

create function storage.operation() returns text language sql stable as $$
  select current_setting('storage.operation', true)
$$;

create table storage.buckets (
  id text primary key,
  name text not null unique check (char_length(name) <= 100),
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  public boolean default false,
  avif_autodetection boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  owner_id text,
  type storage.buckettype not null default 'STANDARD',
  versioning_status text not null default 'DISABLED'
);

create table storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text references storage.buckets (id),
  name text,
  owner uuid,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  owner_id text,
  user_metadata jsonb,
  archived_at timestamptz,
  is_delete_marker boolean not null default false,
  is_versioned boolean not null default false
);
create unique index bucketid_objname on storage.objects (bucket_id, name);
create index idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");
create index idx_objects_bucket_id_name_lower on storage.objects (bucket_id, lower(name) collate "C");
create index name_prefix_search on storage.objects (name text_pattern_ops);
create index objects_version_idx on storage.objects (version); -- the collector of unused files looks rows up by it

create table storage.s3_multipart_uploads (
  id text primary key,
  in_progress_size bigint not null default 0,
  upload_signature text not null,
  bucket_id text not null references storage.buckets (id),
  key text collate "C" not null,
  version text not null,
  owner_id text,
  created_at timestamptz not null default now(),
  user_metadata jsonb,
  metadata jsonb
);
create index idx_multipart_uploads_list on storage.s3_multipart_uploads (bucket_id, key, created_at);

create table storage.s3_multipart_uploads_parts (
  id uuid primary key default gen_random_uuid(),
  upload_id text not null references storage.s3_multipart_uploads (id) on delete cascade,
  size bigint not null default 0,
  part_number int not null,
  bucket_id text not null references storage.buckets (id),
  key text collate "C" not null,
  etag text not null,
  owner_id text,
  version text not null,
  created_at timestamptz not null default now()
);
create index s3_multipart_uploads_parts_upload_id_idx on storage.s3_multipart_uploads_parts (upload_id, part_number);
create index s3_multipart_uploads_parts_bucket_id_idx on storage.s3_multipart_uploads_parts (bucket_id);

create table storage.tus_uploads (
  id uuid primary key default gen_random_uuid(),
  bucket_id text not null references storage.buckets (id) on delete cascade,
  name text not null,
  owner_id text,
  upsert boolean not null default false,
  upload_length bigint check (upload_length >= 0),
  upload_offset bigint not null default 0 check (upload_offset >= 0),
  content_type text,
  cache_control text,
  user_metadata jsonb,
  backend_ref text,
  locked_until timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '24 hours',
  check (upload_offset <= upload_length)
);
create index tus_uploads_bucket_id_idx on storage.tus_uploads (bucket_id);
create index tus_uploads_expires_at_idx on storage.tus_uploads (expires_at);

create table storage.usage (
  user_id uuid primary key,
  bytes bigint not null default 0,
  objects bigint not null default 0
) with (fillfactor = 50);

create function storage.update_updated_at_column() returns trigger language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end
$$;

create function storage.protect_delete() returns trigger language plpgsql set search_path = '' as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), 'false') <> 'true' then
    raise exception 'Direct deletion from storage tables is not allowed. Use the Storage API instead.'
      using errcode = '42501';
  end if;
  return null;
end
$$;

-- The user whose quota a file counts against: the uuid in the first folder, u_<uuid>; null for every other name.
create function storage.owner_of(name text) returns uuid language sql immutable as $$
  select case when name ~ '^u_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/'
              then substr(name, 3, 36)::uuid end
$$;

create function storage.size_of(metadata jsonb) returns bigint language sql immutable as $$
  select case when metadata ->> 'size' ~ '^[0-9]{1,18}$' then (metadata ->> 'size')::bigint else 0 end
$$;

create function storage.count_usage() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if tg_op in ('UPDATE', 'DELETE') and storage.owner_of(old.name) is not null then
    update storage.usage as u
       set bytes = u.bytes - storage.size_of(old.metadata), objects = u.objects - 1
     where u.user_id = storage.owner_of(old.name);
  end if;
  if tg_op in ('INSERT', 'UPDATE') and storage.owner_of(new.name) is not null then
    insert into storage.usage as u (user_id, bytes, objects)
    values (storage.owner_of(new.name), storage.size_of(new.metadata), 1)
    on conflict (user_id) do update set bytes = u.bytes + excluded.bytes, objects = u.objects + 1;
  end if;
  return null;
end
$$;

create trigger update_objects_updated_at before update on storage.objects
  for each row execute function storage.update_updated_at_column();
create trigger protect_objects_delete before delete on storage.objects
  for each statement execute function storage.protect_delete();
create trigger protect_buckets_delete before delete on storage.buckets
  for each statement execute function storage.protect_delete();
create trigger count_usage_on_write after insert or delete on storage.objects
  for each row execute function storage.count_usage();
create trigger count_usage_on_change after update of name, metadata on storage.objects
  for each row when (old.name is distinct from new.name or old.metadata is distinct from new.metadata)
  execute function storage.count_usage();

do $$
declare
  v_table regclass;
begin
  for v_table in
    select c.oid from pg_catalog.pg_class c where c.relnamespace = 'storage'::regnamespace and c.relkind = 'r'
  loop
    execute format('alter table %s enable row level security', v_table);
    execute format('revoke all on %s from public, anon, authenticated', v_table);
    execute format('grant all on %s to service_role', v_table);
    execute format('create policy service_all on %s to service_role using (true) with check (true)', v_table);
  end loop;
end
$$;
grant select, insert, update, delete on storage.buckets, storage.objects to anon, authenticated;
revoke execute on all functions in schema storage from public;
grant execute on function storage.foldername, storage.filename, storage.extension, storage.operation
  to anon, authenticated, service_role;
grant execute on function storage.owner_of, storage.size_of to service_role;
