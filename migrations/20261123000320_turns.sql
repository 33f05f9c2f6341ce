-- Turns: a question and the answer that is made to it. A turn's id is its answer's id.

create table public.turns (
  workspace_id uuid not null,
  id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  -- The message that it answers.
  question_id uuid not null,
  state text not null default 'pending'
    check (state in ('pending', 'completed', 'interrupted', 'failed', 'cancelled')),
  -- What was asked for, to tell a repeated request from another one with its id.
  request_digest text not null check (char_length(request_digest) <= 200),
  options jsonb not null default '{}' check (octet_length(options::text) <= 65536),
  -- Past this, whoever made the answer is gone, and the next turn closes this one.
  lease_expires_at timestamptz not null,
  sensitivity text not null check (sensitivity in ('normal', 'private')),
  revision bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  finished_at timestamptz,
  deleted_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, conversation_id) references public.conversations (workspace_id, id)
);

create index turns_conversation_idx on public.turns (workspace_id, conversation_id);
create index turns_open_idx on public.turns (workspace_id, conversation_id)
  where state = 'pending';
create index turns_revision_idx on public.turns (workspace_id, revision);

create trigger stamp before insert or update on public.turns
  for each row execute function hearth.stamp();

create function hearth.bury_turn() returns trigger
language plpgsql security definer  -- Nobody who may delete may also update.
set search_path = '', pg_temp
as $$
begin
  if old.deleted_at is not null then
    return old;
  end if;
  update public.turns t
    set options = '{}', deleted_at = now(),
      state = case when t.state = 'pending' then 'cancelled' else t.state end,
      finished_at = coalesce(t.finished_at, now())
    where t.workspace_id = old.workspace_id and t.id = old.id;
  return null;
end
$$;

create trigger bury before delete on public.turns
  for each row execute function hearth.bury_turn();

-- A turn as the API shows it, without its answer. Parsed here, and inlined: see hearth.rfc3339.
create function hearth.turn_json(t public.turns) returns jsonb
language sql stable
return jsonb_build_object(
  'id', t.id, 'workspace_id', t.workspace_id, 'conversation_id', t.conversation_id,
  'user_id', t.user_id, 'question_id', t.question_id, 'state', t.state,
  'sensitivity', t.sensitivity, 'lease_expires_at', hearth.rfc3339(t.lease_expires_at),
  'created_at', hearth.rfc3339(t.created_at), 'finished_at', hearth.rfc3339(t.finished_at));

alter table public.turns enable row level security;

create policy members_read on public.turns for select to authenticated
  using (workspace_id = any (array(select hearth.my_workspaces('viewer'))));

-- Written by begin_turn and complete_turn alone.
revoke all on public.turns from public, anon, authenticated, service_role;
grant select on public.turns to authenticated;
grant select, insert, update, delete on public.turns to service_role;

revoke all on function hearth.bury_turn(), hearth.turn_json(public.turns) from public;
grant execute on function hearth.turn_json(public.turns) to authenticated, service_role;
