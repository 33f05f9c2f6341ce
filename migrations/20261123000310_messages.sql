-- Messages. People write their own; what a model said, and what is known of how it came to be said,
-- is written by begin_turn and complete_turn alone. A message never changes under its reader: an
-- edited question is a new one with the old one's parent.

-- What is wrong with a content that a person wrote; null where nothing is. It is a JSON string, or
-- OpenAI content parts of type text, and holds 1 to 200,000 characters.
create function hearth.content_problem(content jsonb) returns text
language plpgsql immutable
set search_path = '', pg_temp
as $$
declare
  characters bigint;
begin
  if content is null then
    return 'is required';
  elsif jsonb_typeof(content) = 'string' then
    characters := char_length(content #>> '{}');
  elsif jsonb_typeof(content) <> 'array' then
    return 'must be a text or an array of content parts';
  elsif exists (
    select from jsonb_array_elements(content) part
    where jsonb_typeof(part) <> 'object' or part ->> 'type' is distinct from 'text'
      or jsonb_typeof(part -> 'text') is distinct from 'string'
  ) then
    return 'must have parts of the form {"type": "text", "text": "…"} only';
  else
    select coalesce(sum(char_length(part ->> 'text')), 0) into characters
      from jsonb_array_elements(content) part;
  end if;
  return case
    when characters = 0 then 'must not be empty'
    -- What a part carries beside its text counts as well, at the length that a request may have.
    when characters > 200000 or octet_length(content::text) > 1200000 then 'is too large'
  end;
end
$$;

create table public.messages (
  workspace_id uuid not null,
  id uuid not null default hearth.uuid_v7(),
  conversation_id uuid not null,
  -- The message that this one follows; null at a root. The trigger below keeps it in the tree.
  parent_id uuid,
  -- The revision at which it was made: the order within the conversation, whatever the ids say.
  position bigint not null,
  role text not null default 'user' check (role in ('user', 'assistant', 'system')),
  -- The person who wrote it; null for what a model wrote.
  author_id uuid default auth.uid(),
  content jsonb not null,
  sensitivity text not null default 'normal' check (sensitivity in ('normal', 'private')),
  status text not null default 'completed' check (status in
    ('pending', 'streaming', 'completed', 'interrupted', 'failed', 'cancelled')),
  usage jsonb,
  decision jsonb,
  -- How many tokens the content takes, as a model counted it.
  tokens integer check (tokens >= 0),
  problem jsonb,
  revision bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (workspace_id, id),
  foreign key (workspace_id, conversation_id) references public.conversations (workspace_id, id),
  constraint content_of_a_person
    check (role <> 'user' or deleted_at is not null or hearth.content_problem(content) is null)
);

create index messages_conversation_idx
  on public.messages (workspace_id, conversation_id, position);
create index messages_revision_idx on public.messages (workspace_id, revision);

create trigger stamp before insert or update on public.messages
  for each row execute function hearth.stamp('guarded');

-- After `stamp`, by its name. Security definer, since it must not depend on the policies.
create function hearth.stamp_place() returns trigger
language plpgsql security definer
set search_path = '', pg_temp
as $$
begin
  new.position := new.revision;
  -- What is said in a private conversation is private, and stays so should that be opened up.
  if new.sensitivity = 'normal' and new.revision > 0 and exists (
    select from public.conversations c
    where c.workspace_id = new.workspace_id and c.id = new.conversation_id
      and c.sensitivity = 'private'
  ) then
    new.sensitivity := 'private';
  end if;
  return new;
end
$$;

create trigger stamp_place before insert on public.messages
  for each row execute function hearth.stamp_place();

-- The parent is an earlier message of the same conversation, which is there: hence no circles. A
-- trigger and not a foreign key, since the key would have to hold all of that. After the insert,
-- when the policies have had their say. Security definer, since it must not depend on them.
create function hearth.check_place() returns trigger
language plpgsql security definer
set search_path = '', pg_temp
as $$
begin
  if not exists (select from public.conversations c
                 where c.workspace_id = new.workspace_id and c.id = new.conversation_id
                   and c.deleted_at is null) then
    perform hearth.fail(404, 'conversation_not_found', 'There is no such conversation.');
  end if;
  if new.parent_id is not null and not exists (
    select from public.messages m
    where m.workspace_id = new.workspace_id and m.id = new.parent_id
      and m.conversation_id = new.conversation_id and m.deleted_at is null
      and m.position < new.position
  ) then
    perform hearth.fail(404, 'message_not_found',
      'There is no such message in this conversation to follow.');
  end if;
  return null;
end
$$;

create trigger check_place after insert on public.messages
  for each row execute function hearth.check_place();

create function hearth.bury_message() returns trigger
language plpgsql security definer  -- Nobody who may delete may also update.
set search_path = '', pg_temp
as $$
begin
  if old.deleted_at is not null then
    return old;
  end if;
  update public.messages m
    set content = '""', usage = null, decision = null, tokens = null, problem = null,
      status = case when m.status in ('pending', 'streaming') then 'cancelled' else m.status end,
      deleted_at = now()
    where m.workspace_id = old.workspace_id and m.id = old.id;
  return null;
end
$$;

create trigger bury before delete on public.messages
  for each row execute function hearth.bury_message();

-- A message as the API shows it. Parsed here, and inlined: see hearth.rfc3339.
create function hearth.message_json(m public.messages) returns jsonb
language sql stable
return jsonb_build_object(
  'id', m.id, 'conversation_id', m.conversation_id, 'parent_id', m.parent_id, 'role', m.role,
  'content', m.content, 'sensitivity', m.sensitivity, 'status', m.status, 'usage', m.usage,
  'decision', m.decision, 'revision', m.revision,
  'created_at', hearth.rfc3339(m.created_at), 'updated_at', hearth.rfc3339(m.updated_at))
  || case when m.status = 'failed' and m.problem is not null
       then jsonb_build_object('problem', m.problem) else '{}' end;

alter table public.messages enable row level security;

create policy members_read on public.messages for select to authenticated
  using (workspace_id = any (array(select hearth.my_workspaces('viewer'))));
create policy members_write_their_own on public.messages for insert to authenticated
  with check (role = 'user' and author_id = (select auth.uid())
    and workspace_id = any (array(select hearth.my_workspaces('member'))));
create policy authors_and_admins_delete on public.messages for delete to authenticated
  using (deleted_at is null and (
    workspace_id = any (array(select hearth.my_workspaces('admin')))
    or author_id = (select auth.uid())
      and workspace_id = any (array(select hearth.my_workspaces('member')))));

revoke all on public.messages from public, anon, authenticated, service_role;
grant select,
  insert (workspace_id, id, conversation_id, parent_id, role, content, sensitivity),
  delete on public.messages to authenticated;
grant select, insert, update, delete on public.messages to service_role;

revoke all on function hearth.content_problem(jsonb), hearth.stamp_place(),
  hearth.check_place(), hearth.bury_message(), hearth.message_json(public.messages) from public;
-- A constraint's function runs as whoever writes the row.
grant execute on function hearth.content_problem(jsonb), hearth.message_json(public.messages)
  to authenticated, service_role;
