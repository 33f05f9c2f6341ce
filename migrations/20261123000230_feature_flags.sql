-- Feature flags, set by the operator: for everyone, or for one workspace, which goes first.

create table public.feature_flags (
  id uuid primary key default hearth.uuid_v7(),
  name text not null check (name ~ '^[a-z][a-z0-9_.]{0,99}$'),
  -- Null: everyone.
  workspace_id uuid references public.workspaces (id),
  enabled boolean not null default false,
  -- What the feature is told where it is on; null: simply that it is on.
  payload jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique nulls not distinct (name, workspace_id)
);

create index feature_flags_workspace_id_idx on public.feature_flags (workspace_id);

-- The flags that are on in a workspace: {name: payload or true}. Security definer, since it is also
-- asked where no user is signed in; it tells nothing that a member does not see.
create function hearth.flags_of(workspace uuid) returns jsonb
language sql stable security definer
set search_path = '', pg_temp
as $$
  select coalesce(jsonb_object_agg(f.name, coalesce(f.payload, 'true')), '{}')
  from (
    select distinct on (name) name, enabled, payload from public.feature_flags
    where workspace_id is null or workspace_id = workspace
    order by name, workspace_id nulls last
  ) f
  where f.enabled
$$;

alter table public.feature_flags enable row level security;

create policy members_read on public.feature_flags for select to authenticated
  using (workspace_id is null
    or workspace_id = any (array(select hearth.my_workspaces('viewer'))));

revoke all on public.feature_flags from public, anon, authenticated, service_role;
grant select on public.feature_flags to authenticated;
grant select, insert, update, delete on public.feature_flags to service_role;

revoke all on function hearth.flags_of(uuid) from public;
