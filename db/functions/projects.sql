-- Triggers of public.projects.

create or replace function tenon.projects_before_update() returns trigger language plpgsql set search_path = '' as $$
begin
  if (new.id, new.user_id) is distinct from (old.id, old.user_id) then
    raise exception 'A project keeps its id and its owner' using errcode = '42501';
  end if;
  new.updated_at := now();
  return new;
end
$$;
create or replace trigger keep before update on public.projects
  for each row execute function tenon.projects_before_update();

-- A job that has not been settled holds a slot or a reservation: deleting it would leak them.
create or replace function tenon.projects_before_delete() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if exists (select from public.jobs where project_id = old.id and status in ('QUEUED', 'PROCESSING'))
     or exists (select from public.jobs where project_id = old.id and status in ('READY', 'FAILED')
                   and (settled_at is null or slot)) then
    raise exception 'The project has a job that is still running' using errcode = 'PT409';
  end if;
  if exists (select from public.credit_accounts where user_id = old.user_id and deleted_at is null) then
    perform tenon.outbox_put('storage', 'erase_project_files', old.user_id,
                             jsonb_build_object('user_id', old.user_id, 'project_id', old.id));
  end if;
  return old;
end
$$;
create or replace trigger rest before delete on public.projects
  for each row execute function tenon.projects_before_delete();

revoke all on all functions in schema tenon from public, anon, authenticated;
