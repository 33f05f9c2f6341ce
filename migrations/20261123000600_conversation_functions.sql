-- Conversations as the API serves them. Security invoker: the policies on conversations decide.

-- The conversation that `id` names. Ids are unique within a workspace only: should several of the
-- caller's workspaces hold it, the oldest is meant, so that nobody can slip a copy under an id that
-- is in use; `workspace_id` names another one.
create function hearth.find_conversation(p jsonb, field text) returns public.conversations
language plpgsql stable
set search_path = '', pg_temp
as $$
declare
  wanted uuid := hearth.read_uuid(p, field);
  workspace uuid := hearth.read_uuid(p, 'workspace_id');
  found_one public.conversations;
begin
  select * into found_one from public.conversations c
    where c.workspace_id = any (array(select hearth.my_workspaces('viewer')))
      and c.id = wanted and c.deleted_at is null
      and (workspace is null or c.workspace_id = workspace)
    order by c.created_at, c.workspace_id limit 1;
  if not found then
    perform hearth.fail(404, 'conversation_not_found', 'There is no such conversation.');
  end if;
  return found_one;
end
$$;

create function hearth.read_sensitivity(p jsonb) returns text
language plpgsql immutable
set search_path = '', pg_temp
as $$
declare
  value text := coalesce(p ->> 'sensitivity', 'normal');
begin
  if value not in ('normal', 'private') then
    perform hearth.invalid('sensitivity', 'must be normal or private');
  end if;
  return value;
end
$$;

-- Null where it is missing.
create function hearth.read_flag(p jsonb, field text) returns boolean
language plpgsql immutable
set search_path = '', pg_temp
as $$
begin
  if coalesce(jsonb_typeof(p -> field), 'null') not in ('null', 'boolean') then
    perform hearth.invalid(field, 'must be true or false');
  end if;
  return (p ->> field)::boolean;
end
$$;

-- {workspace_id?, archived?, limit?, cursor?}: the newest change first, of the Personal workspace
-- unless another is named.
create function public.list_conversations(p jsonb default '{}') returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  workspace uuid := coalesce(hearth.read_uuid(p, 'workspace_id'), hearth.ensure_home());
  filed boolean := hearth.read_flag(p, 'archived');
  size integer := hearth.read_limit(p);
  before bigint := coalesce(hearth.read_revision_cursor(p), 9223372036854775807);
  page jsonb;
  last_revision bigint;
  total integer;
begin
  perform hearth.require_role(workspace, 'viewer');
  select coalesce(jsonb_agg(hearth.conversation_json(l.c) order by (l.c).revision desc)
      filter (where l.n <= size), '[]'),
    min((l.c).revision) filter (where l.n <= size), count(*)
    into page, last_revision, total
    from (
      select c, row_number() over (order by c.revision desc) as n
      from public.conversations c
      where c.workspace_id = workspace and c.deleted_at is null and c.revision < before
        and (filed is null or c.archived = filed)
      order by c.revision desc limit size + 1
    ) l;
  return jsonb_build_object('data', page,
    'next_cursor', case when total > size then hearth.cursor_of(last_revision::text) end);
end
$$;

-- {id?, workspace_id?, title?, system_prompt?, model?, sensitivity?}
create function public.create_conversation(p jsonb) returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  workspace uuid := coalesce(hearth.read_uuid(p, 'workspace_id'), hearth.ensure_home());
  wanted uuid := coalesce(hearth.read_uuid(p, 'id'), hearth.uuid_v7());
  its_title text := hearth.read_text(p, 'title', 500);
  its_prompt text := hearth.read_text(p, 'system_prompt', 200000);
  its_model text := hearth.read_text(p, 'model', 200);
  its_sensitivity text := hearth.read_sensitivity(p);
  digest text := encode(sha256(convert_to(
    jsonb_build_array(its_title, its_prompt, its_model, its_sensitivity)::text, 'UTF8')), 'hex');
  made public.conversations;
begin
  perform hearth.require_role(workspace, 'member');
  insert into public.conversations
      (workspace_id, id, title, system_prompt, model, sensitivity, created_digest)
    values (workspace, wanted, its_title, its_prompt, its_model, its_sensitivity, digest)
    on conflict do nothing
    returning * into made;
  if made.id is null then
    select * into made from public.conversations c
      where c.workspace_id = workspace and c.id = wanted and c.created_by = auth.uid()
        and c.created_digest = digest and c.deleted_at is null;
    if not found then
      perform hearth.fail(409, 'id_reused', 'This id was used before, for something else.');
    end if;
  end if;
  return hearth.conversation_json(made);
end
$$;

-- {id, workspace_id?}
create function public.get_conversation(p jsonb) returns jsonb
language sql stable
set search_path = '', pg_temp
as $$
  select hearth.conversation_json(hearth.find_conversation(p, 'id'))
$$;

-- {id, workspace_id?, title?, system_prompt?, model?, sensitivity?, archived?, if_revision?}
create function public.update_conversation(p jsonb) returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  c public.conversations := hearth.find_conversation(p, 'id');
begin
  perform hearth.require_role(c.workspace_id, 'member');
  select * into c from public.conversations k
    where k.workspace_id = c.workspace_id and k.id = c.id and k.deleted_at is null
    for no key update;
  if not found then
    perform hearth.fail(404, 'conversation_not_found', 'There is no such conversation.');
  end if;
  perform hearth.check_revision(p, c.revision);
  if p ?| array['title', 'system_prompt', 'model', 'sensitivity', 'archived'] then
    update public.conversations k
      set title = case when p ? 'title' then hearth.read_text(p, 'title', 500) else c.title end,
        system_prompt = case when p ? 'system_prompt'
          then hearth.read_text(p, 'system_prompt', 200000) else c.system_prompt end,
        model = case when p ? 'model' then hearth.read_text(p, 'model', 200) else c.model end,
        sensitivity = case when p ? 'sensitivity'
          then hearth.read_sensitivity(p) else c.sensitivity end,
        archived = coalesce(hearth.read_flag(p, 'archived'), c.archived)
      where k.workspace_id = c.workspace_id and k.id = c.id
      returning * into c;
  end if;
  return hearth.conversation_json(c);
end
$$;

-- {id, workspace_id?, if_revision?}
create function public.delete_conversation(p jsonb) returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  c public.conversations := hearth.find_conversation(p, 'id');
begin
  perform hearth.require_role(c.workspace_id, 'member');
  select * into c from public.conversations k
    where k.workspace_id = c.workspace_id and k.id = c.id for no key update;
  perform hearth.check_revision(p, c.revision);
  delete from public.conversations k where k.workspace_id = c.workspace_id and k.id = c.id;
  return jsonb_build_object('id', c.id, 'deleted', true);
end
$$;

revoke all on function
  hearth.find_conversation(jsonb, text), hearth.read_sensitivity(jsonb),
  hearth.read_flag(jsonb, text), public.list_conversations(jsonb),
  public.create_conversation(jsonb), public.get_conversation(jsonb),
  public.update_conversation(jsonb), public.delete_conversation(jsonb)
from public, anon, authenticated, service_role;
grant execute on function
  hearth.find_conversation(jsonb, text), hearth.read_sensitivity(jsonb),
  hearth.read_flag(jsonb, text), public.list_conversations(jsonb),
  public.create_conversation(jsonb), public.get_conversation(jsonb),
  public.update_conversation(jsonb), public.delete_conversation(jsonb)
to authenticated;
