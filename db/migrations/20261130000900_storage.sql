-- Two private buckets. Users read the files in their own folder; only service_role writes.

insert into storage.buckets (id, name, public)
values ('project-assets', 'project-assets', false), ('project-outputs', 'project-outputs', false)
on conflict (id) do nothing;

create policy outputs_select_own on storage.objects for select to authenticated
  using (bucket_id in ('project-assets', 'project-outputs')
         and (storage.foldername(name))[1] in ((select auth.uid())::text, 'u_' || (select auth.uid())::text));
