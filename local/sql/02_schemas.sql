-- The schemas that a Supabase project has, and who may use them. Run by a superuser in the
-- database that Hearth lives in, any number of times.

do $$
declare
  owner_name text := case
    when (select rolsuper from pg_catalog.pg_roles where rolname = 'postgres') then 'hearth_owner'
    else 'postgres'
  end;
begin
  -- Through pg_database_owner, the owner of the database also owns the schema public.
  if (select datdba from pg_catalog.pg_database where datname = current_database())
      <> to_regrole(owner_name) then
    execute format('alter database %I owner to %I', current_database(), owner_name);
  end if;
end
$$;

create schema if not exists auth authorization supabase_auth_admin;
create schema if not exists storage;
create schema if not exists extensions;

grant usage on schema public, auth, storage, extensions to anon, authenticated, service_role;

do $$
declare
  owner_name text := case
    when (select rolsuper from pg_catalog.pg_roles where rolname = 'postgres') then 'hearth_owner'
    else 'postgres'
  end;
begin
  execute format('grant usage on schema auth to %I', owner_name);
  execute format('grant all on schema storage, extensions to %I', owner_name);
end
$$;
