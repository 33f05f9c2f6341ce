-- A workspace's policy: how its turns are routed, what it may use up, how long it keeps things.
-- It narrows what the operator set up, and never adds to it.

create table public.workspace_policies (
  workspace_id uuid primary key references public.workspaces (id),
  on_prem_only boolean not null default false,
  routing jsonb not null default '{}'
    check (jsonb_typeof(routing) = 'object' and octet_length(routing::text) <= 65536),
  quotas jsonb not null default '{}'
    check (jsonb_typeof(quotas) = 'object' and octet_length(quotas::text) <= 65536),
  -- Null: kept until deleted.
  retention_days integer check (retention_days between 1 and 36500),
  revision bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);

create trigger stamp before insert or update on public.workspace_policies
  for each row execute function hearth.stamp();

create function hearth.bury_policy() returns trigger
language plpgsql security definer  -- Nobody who may delete may also update every column.
set search_path = '', pg_temp
as $$
begin
  if old.deleted_at is not null then
    return old;
  end if;
  update public.workspace_policies p
    set on_prem_only = false, routing = '{}', quotas = '{}', retention_days = null,
      deleted_at = now()
    where p.workspace_id = old.workspace_id;
  return null;
end
$$;

create trigger bury before delete on public.workspace_policies
  for each row execute function hearth.bury_policy();

alter table public.workspace_policies enable row level security;

create policy members_read on public.workspace_policies for select to authenticated
  using (workspace_id = any (array(select hearth.my_workspaces('viewer'))));
create policy admins_change on public.workspace_policies for update to authenticated
  using (deleted_at is null and workspace_id = any (array(select hearth.my_workspaces('admin'))))
  with check (workspace_id = any (array(select hearth.my_workspaces('admin'))));

-- A policy is made with its workspace and goes with it.
revoke all on public.workspace_policies from public, anon, authenticated, service_role;
grant select, update (on_prem_only, routing, quotas, retention_days)
  on public.workspace_policies to authenticated;
grant select, insert, update, delete on public.workspace_policies to service_role;

revoke all on function hearth.bury_policy() from public;
