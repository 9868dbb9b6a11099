-- Whether somebody ever finished a project, asked by the dashboard: one probe, however many drafts came after it.
create index projects_ready_idx on public.projects (user_id) where status = 'ready';
