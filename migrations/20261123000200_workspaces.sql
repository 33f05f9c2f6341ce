-- Workspaces and their members. What a role may do: a viewer reads; a member also writes
-- conversations and their own messages; an admin also sees to members (not owners), the policy,
-- decisions and the audit log; an owner does everything.

create table public.workspaces (
  id uuid primary key default hearth.uuid_v7(),
  name text not null check (deleted_at is not null or char_length(name) between 1 and 200),
  kind text not null default 'team' check (kind in ('personal', 'team')),
  created_by uuid,
  -- What it was made from, so that a repeated create is told from another one with its id.
  created_digest text,
  revision bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);

-- One Personal workspace a user.
create unique index workspaces_personal_key on public.workspaces (created_by)
  where kind = 'personal' and deleted_at is null;

create table public.workspace_members (
  workspace_id uuid not null references public.workspaces (id),
  user_id uuid not null,
  role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
  revision bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (workspace_id, user_id)
);

create index workspace_members_user_id_idx on public.workspace_members (user_id, workspace_id)
  where deleted_at is null;
create index workspace_members_revision_idx
  on public.workspace_members (workspace_id, revision);

create trigger stamp before insert or update on public.workspaces
  for each row execute function hearth.stamp_workspace();
create trigger stamp before insert or update on public.workspace_members
  for each row execute function hearth.stamp();

-- Parsed here, and inlined: see hearth.rfc3339.
create function hearth.rank(role text) returns integer
language sql immutable
return case role
  when 'owner' then 4 when 'admin' then 3 when 'member' then 2 when 'viewer' then 1 else 0
end;

-- The workspaces in which the caller has at least this role. Security definer, since a policy on
-- workspace_members that read workspace_members would never end. Policies call it inside
-- `any (array(select …))`: once a query, with an index on the row's workspace.
create function hearth.my_workspaces(at_least text) returns setof uuid
language sql stable security definer
set search_path = '', pg_temp
as $$
  select m.workspace_id from public.workspace_members m
  where m.user_id = auth.uid() and m.deleted_at is null
    and hearth.rank(m.role) >= hearth.rank(at_least)
$$;

-- The caller's role in a workspace; null where they have none. Security definer as above.
create function hearth.my_role(workspace uuid) returns text
language sql stable security definer
set search_path = '', pg_temp
as $$
  select m.role from public.workspace_members m
  where m.workspace_id = workspace and m.user_id = auth.uid() and m.deleted_at is null
$$;

-- Lets a member of that role pass. To anyone who is no member the workspace is not there.
create function hearth.require_role(workspace uuid, at_least text) returns text
language plpgsql stable
set search_path = '', pg_temp
as $$
declare
  role text := hearth.my_role(workspace);
begin
  if role is null then
    perform hearth.fail(404, 'workspace_not_found', 'There is no such workspace.');
  elsif hearth.rank(role) < hearth.rank(at_least) then
    perform hearth.fail(403, 'role_required',
      format('This takes the role %s or above; you are %s here.', at_least, role));
  end if;
  return role;
end
$$;

alter table public.workspaces enable row level security;
alter table public.workspace_members enable row level security;

-- Tombstones stay readable: they are how a client that was away learns of a deletion.
create policy members_read on public.workspaces for select to authenticated
  using (id = any (array(select hearth.my_workspaces('viewer'))));
create policy admins_rename on public.workspaces for update to authenticated
  using (deleted_at is null and id = any (array(select hearth.my_workspaces('admin'))))
  with check (id = any (array(select hearth.my_workspaces('admin'))));
create policy owners_delete on public.workspaces for delete to authenticated
  using (deleted_at is null and kind = 'team'
    and id = any (array(select hearth.my_workspaces('owner'))));

-- One's own row too, once it is a tombstone: so one learns of having been removed.
create policy members_read on public.workspace_members for select to authenticated
  using (user_id = (select auth.uid())
    or workspace_id = any (array(select hearth.my_workspaces('viewer'))));
create policy admins_change on public.workspace_members for update to authenticated
  using (deleted_at is null and (
    workspace_id = any (array(select hearth.my_workspaces('owner')))
    or role <> 'owner' and workspace_id = any (array(select hearth.my_workspaces('admin')))))
  with check (
    workspace_id = any (array(select hearth.my_workspaces('owner')))
    or role <> 'owner' and workspace_id = any (array(select hearth.my_workspaces('admin'))));
create policy admins_remove_and_anyone_leaves on public.workspace_members
  for delete to authenticated
  using (deleted_at is null and (
    user_id = (select auth.uid())
    or workspace_id = any (array(select hearth.my_workspaces('owner')))
    or role <> 'owner' and workspace_id = any (array(select hearth.my_workspaces('admin')))));

-- Workspaces and members are made by functions: those see to a first owner, and find people by
-- address without opening the list of all people.
revoke all on public.workspaces, public.workspace_members
  from public, anon, authenticated, service_role;
grant select, update (name), delete on public.workspaces to authenticated;
grant select, update (role), delete on public.workspace_members to authenticated;
grant select, insert, update, delete on public.workspaces, public.workspace_members
  to service_role;

revoke all on function hearth.rank(text), hearth.my_workspaces(text), hearth.my_role(uuid),
  hearth.require_role(uuid, text) from public;
grant execute on function hearth.rank(text), hearth.my_workspaces(text), hearth.my_role(uuid),
  hearth.require_role(uuid, text) to authenticated, service_role;
