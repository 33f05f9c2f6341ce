-- Conversations: each a tree of messages in a workspace.

create table public.conversations (
  workspace_id uuid not null references public.workspaces (id),
  id uuid not null default hearth.uuid_v7(),
  title text check (char_length(title) <= 500),
  system_prompt text check (char_length(system_prompt) <= 200000),
  -- What its turns ask for, unless a turn names another.
  model text check (char_length(model) <= 200),
  sensitivity text not null default 'normal' check (sensitivity in ('normal', 'private')),
  archived boolean not null default false,
  created_by uuid default auth.uid(),
  -- What it was made from, so that a repeated create is told from another one with its id.
  created_digest text check (char_length(created_digest) <= 64),
  revision bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (workspace_id, id)
);

-- Newest change first, and what changed since a revision.
create index conversations_revision_idx on public.conversations (workspace_id, revision);

create trigger stamp before insert or update on public.conversations
  for each row execute function hearth.stamp('guarded');

create function hearth.bury_conversation() returns trigger
language plpgsql security definer  -- Nobody who may delete may also update every column.
set search_path = '', pg_temp
as $$
begin
  if old.deleted_at is not null then
    return old;
  end if;
  -- The rows' locks first, the counter's last: see the revisions.
  perform from public.turns t
    where t.workspace_id = old.workspace_id and t.conversation_id = old.id
    order by t.id for no key update;
  perform from public.messages m
    where m.workspace_id = old.workspace_id and m.conversation_id = old.id
    order by m.position for no key update;

  update public.conversations c
    set title = null, system_prompt = null, model = null, created_digest = null, deleted_at = now()
    where c.workspace_id = old.workspace_id and c.id = old.id;
  delete from public.turns t
    where t.workspace_id = old.workspace_id and t.conversation_id = old.id
      and t.deleted_at is null;
  delete from public.messages m
    where m.workspace_id = old.workspace_id and m.conversation_id = old.id
      and m.deleted_at is null;
  return null;
end
$$;

create trigger bury before delete on public.conversations
  for each row execute function hearth.bury_conversation();

-- A conversation as the API shows it. Parsed here, and inlined: see hearth.rfc3339.
create function hearth.conversation_json(c public.conversations) returns jsonb
language sql stable
return jsonb_build_object(
  'id', c.id, 'workspace_id', c.workspace_id, 'title', c.title,
  'system_prompt', c.system_prompt, 'model', c.model, 'sensitivity', c.sensitivity,
  'archived', c.archived, 'revision', c.revision,
  'created_at', hearth.rfc3339(c.created_at), 'updated_at', hearth.rfc3339(c.updated_at));

alter table public.conversations enable row level security;

create policy members_read on public.conversations for select to authenticated
  using (workspace_id = any (array(select hearth.my_workspaces('viewer'))));
create policy members_begin on public.conversations for insert to authenticated
  with check (created_by = (select auth.uid())
    and workspace_id = any (array(select hearth.my_workspaces('member'))));
create policy members_change on public.conversations for update to authenticated
  using (deleted_at is null and workspace_id = any (array(select hearth.my_workspaces('member'))))
  with check (workspace_id = any (array(select hearth.my_workspaces('member'))));
create policy members_delete on public.conversations for delete to authenticated
  using (deleted_at is null and workspace_id = any (array(select hearth.my_workspaces('member'))));

revoke all on public.conversations from public, anon, authenticated, service_role;
grant select,
  insert (workspace_id, id, title, system_prompt, model, sensitivity, archived, created_digest),
  update (title, system_prompt, model, sensitivity, archived),
  delete on public.conversations to authenticated;
grant select, insert, update, delete on public.conversations to service_role;

revoke all on function hearth.bury_conversation(), hearth.conversation_json(public.conversations)
  from public;
grant execute on function hearth.conversation_json(public.conversations)
  to authenticated, service_role;
