-- The roles that a Supabase project has, for a PostgreSQL that has none of them.
--
-- Run by a superuser, any number of times. A cluster made for Hearth has the superuser
-- `supabase_admin`, as on Supabase, so that `postgres` is free to be what it is there: the role
-- without superuser that applies the migrations and owns what they make. On a server of one's own
-- `postgres` is usually the superuser; it is left as it is, and `hearth_owner` takes its place.
-- No role gets a password here: who may connect is pg_hba.conf's to say.

do $$
declare
  role_name text;
begin
  -- What a request becomes: who is not signed in, who is, and the operator's own programs.
  foreach role_name in array array['anon', 'authenticated', 'service_role'] loop
    if to_regrole(role_name) is null then
      execute format('create role %I nologin noinherit', role_name);
    end if;
  end loop;

  -- `authenticator` is what the REST server connects as, and may only become one of those three.
  foreach role_name in array array['authenticator', 'supabase_auth_admin'] loop
    if to_regrole(role_name) is null then
      execute format('create role %I login noinherit', role_name);
    end if;
  end loop;

  if to_regrole('postgres') is null then
    create role postgres login createdb createrole bypassrls;
  elsif (select rolsuper from pg_catalog.pg_roles where rolname = 'postgres')
      and to_regrole('hearth_owner') is null then
    create role hearth_owner login createdb createrole bypassrls;
  end if;
end
$$;

alter role service_role bypassrls;

grant anon, authenticated, service_role to authenticator;

-- The role that applies migrations, whichever of the two it is, can act as the three as well:
-- pg_dump and the tests do.
do $$
declare
  owner_name text := case
    when (select rolsuper from pg_catalog.pg_roles where rolname = 'postgres') then 'hearth_owner'
    else 'postgres'
  end;
begin
  execute format('grant anon, authenticated, service_role to %I with admin option', owner_name);
end
$$;
