-- Two private buckets, and one policy: people read what lies in their own folder. Nobody but the service writes.

insert into storage.buckets (id, name, public)
values ('project-assets', 'project-assets', false), ('project-outputs', 'project-outputs', false)
on conflict (id) do nothing;

create policy outputs_select_own on storage.objects for select to authenticated
  using (bucket_id in ('project-assets', 'project-outputs')
         and (storage.foldername(name))[1] in ((select auth.uid())::text, 'u_' || (select auth.uid())::text));
