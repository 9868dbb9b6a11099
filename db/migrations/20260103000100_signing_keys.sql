-- When a signing key stopped signing: it verifies until the last token it made has ended. A hosted Supabase project keeps
-- its own signing keys and has no such table.
do $$
begin
  if to_regclass('auth.signing_keys') is not null then
    alter table auth.signing_keys add column if not exists retired_at timestamptz;
  end if;
end
$$;
