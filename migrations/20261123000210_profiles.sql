-- Profiles: the part of a person that those they work with see. No foreign key to auth.users, so
-- that a deleted account leaves a tombstone where it wrote, and names what others answered to.

create table public.profiles (
  user_id uuid primary key,
  email text,
  display_name text check (char_length(display_name) <= 200),
  revision bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);

create trigger stamp before insert or update on public.profiles
  for each row execute function hearth.stamp_user_row();

-- Who shares a workspace with the caller, themselves included. Security definer, as
-- hearth.my_workspaces is.
create function hearth.my_colleagues() returns setof uuid
language sql stable security definer
set search_path = '', pg_temp
as $$
  select other.user_id from public.workspace_members other
  where other.deleted_at is null
    and other.workspace_id in (select hearth.my_workspaces('viewer'))
  union
  select auth.uid()
$$;

create function hearth.bury_profile() returns trigger
language plpgsql security definer  -- Nobody who may delete may also update every column.
set search_path = '', pg_temp
as $$
begin
  if old.deleted_at is not null then
    return old;
  end if;
  update public.profiles p set email = null, display_name = null, deleted_at = now()
    where p.user_id = old.user_id;
  return null;
end
$$;

create trigger bury before delete on public.profiles
  for each row execute function hearth.bury_profile();

alter table public.profiles enable row level security;

create policy colleagues_read on public.profiles for select to authenticated
  using (user_id = any (array(select hearth.my_colleagues())));
create policy one_writes_ones_own on public.profiles for update to authenticated
  using (deleted_at is null and user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

revoke all on public.profiles from public, anon, authenticated, service_role;
grant select, update (display_name) on public.profiles to authenticated;
grant select, insert, update, delete on public.profiles to service_role;

revoke all on function hearth.my_colleagues(), hearth.bury_profile() from public;
grant execute on function hearth.my_colleagues() to authenticated, service_role;
