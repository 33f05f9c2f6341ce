-- Which model answered and why, and what that took: one row of each for a turn, and for a call of
-- the OpenAI-compatible routes, of which nothing else is stored. Written by complete_turn and
-- record_completion alone.

create table public.routing_decisions (
  workspace_id uuid not null references public.workspaces (id),
  -- The turn's id, or the completion's.
  id uuid not null,
  kind text not null check (kind in ('turn', 'completion')),
  user_id uuid not null,
  provider text not null,
  model text not null,
  locality text not null check (locality in ('local', 'hosted')),
  reasons jsonb not null default '[]',
  rejected jsonb not null default '[]',
  created_at timestamptz not null default now(),
  primary key (workspace_id, id)
);

create index routing_decisions_created_at_idx
  on public.routing_decisions (workspace_id, created_at);

create table public.provider_usage (
  workspace_id uuid not null references public.workspaces (id),
  id uuid not null,
  kind text not null check (kind in ('turn', 'completion')),
  user_id uuid not null,
  -- Null where no provider was reached.
  provider text,
  model text,
  prompt_tokens bigint check (prompt_tokens >= 0),
  completion_tokens bigint check (completion_tokens >= 0),
  time_to_first_token_ms double precision check (time_to_first_token_ms >= 0),
  duration_ms double precision check (duration_ms >= 0),
  created_at timestamptz not null default now(),
  primary key (workspace_id, id)
);

create index provider_usage_created_at_idx on public.provider_usage (workspace_id, created_at);
create index provider_usage_user_id_idx
  on public.provider_usage (workspace_id, user_id, created_at);

alter table public.routing_decisions enable row level security;
alter table public.provider_usage enable row level security;

create policy admins_read on public.routing_decisions for select to authenticated
  using (workspace_id = any (array(select hearth.my_workspaces('admin'))));
create policy admins_read on public.provider_usage for select to authenticated
  using (workspace_id = any (array(select hearth.my_workspaces('admin'))));
create policy one_reads_ones_own on public.provider_usage for select to authenticated
  using (user_id = (select auth.uid())
    and workspace_id = any (array(select hearth.my_workspaces('viewer'))));

revoke all on public.routing_decisions, public.provider_usage
  from public, anon, authenticated, service_role;
grant select on public.routing_decisions, public.provider_usage to authenticated;
grant select, insert, update, delete on public.routing_decisions, public.provider_usage
  to service_role;
