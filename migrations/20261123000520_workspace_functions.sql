-- Workspaces as the API serves them. Security invoker, except where a comment says why not: the
-- policies on workspaces decide.

create function hearth.workspace_json(w public.workspaces, role text) returns jsonb
language sql stable
return jsonb_build_object(
  'id', w.id, 'name', w.name, 'kind', w.kind, 'role', role, 'revision', w.revision,
  'created_at', hearth.rfc3339(w.created_at), 'updated_at', hearth.rfc3339(w.updated_at));

create function hearth.read_name(p jsonb) returns text
language plpgsql immutable
set search_path = '', pg_temp
as $$
declare
  name text := btrim(hearth.read_text(p, 'name', 200));
begin
  if coalesce(name, '') = '' then
    perform hearth.invalid('name', 'must not be empty');
  end if;
  return name;
end
$$;

-- {limit?, cursor?}
create function public.list_workspaces(p jsonb default '{}') returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  size integer := hearth.read_limit(p);
  after uuid := hearth.read_cursor(p, '^[0-9a-f-]{36}$')::uuid;
  page jsonb;
  last_id text;
  total integer;
begin
  perform hearth.ensure_home();
  select coalesce(jsonb_agg(hearth.workspace_json(l.w, l.role) order by (l.w).id)
      filter (where l.n <= size), '[]'),
    (max((l.w).id::text) filter (where l.n <= size)), count(*)
    into page, last_id, total
    from (
      select w, m.role, row_number() over (order by w.id) as n
      from public.workspace_members m
      join public.workspaces w on w.id = m.workspace_id
      where m.user_id = (select auth.uid()) and m.deleted_at is null and w.deleted_at is null
        and (after is null or w.id > after)
      order by w.id limit size + 1
    ) l;
  return jsonb_build_object('data', page,
    'next_cursor', case when total > size then hearth.cursor_of(last_id) end);
end
$$;

-- {id?, name}. Security definer, since it makes a workspace and its first owner in one, which no
-- policy can allow by looking at one row. The caller becomes the owner; no one else is named.
--
-- A workspace's id is the one id that is not kept within a workspace: one that someone else has
-- taken is refused as a reused one is. To ask about an id here one has to know all of its bits.
create function public.create_workspace(p jsonb) returns jsonb
language plpgsql security definer
set search_path = '', pg_temp
as $$
declare
  me uuid := auth.uid();
  wanted uuid := coalesce(hearth.read_uuid(p, 'id'), hearth.uuid_v7());
  its_name text := hearth.read_name(p);
  digest text := encode(sha256(convert_to(its_name, 'UTF8')), 'hex');
  made public.workspaces;
begin
  perform hearth.ensure_home();
  insert into public.workspaces (id, name, kind, created_by, created_digest)
    values (wanted, its_name, 'team', me, digest)
    on conflict do nothing
    returning * into made;
  if made.id is null then
    select * into made from public.workspaces w
      where w.id = wanted and w.created_by = me and w.created_digest = digest
        and w.deleted_at is null and hearth.my_role(w.id) is not null;
    if not found then
      perform hearth.fail(409, 'id_reused', 'This id is taken. Choose a new one.');
    end if;
  else
    insert into public.workspace_members (workspace_id, user_id, role)
      values (made.id, me, 'owner');
    insert into public.workspace_policies (workspace_id) values (made.id);
  end if;
  return hearth.workspace_json(made, hearth.my_role(made.id));
end
$$;

-- {id}
create function public.get_workspace(p jsonb) returns jsonb
language plpgsql stable
set search_path = '', pg_temp
as $$
declare
  wanted uuid := hearth.read_uuid(p, 'id');
  role text := hearth.require_role(wanted, 'viewer');
begin
  return (select hearth.workspace_json(w, role) from public.workspaces w where w.id = wanted);
end
$$;

-- {id, name?, if_revision?}
create function public.update_workspace(p jsonb) returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  wanted uuid := hearth.read_uuid(p, 'id');
  role text := hearth.require_role(wanted, 'admin');
  found_one public.workspaces;
begin
  select * into found_one from public.workspaces w where w.id = wanted for no key update;
  perform hearth.check_revision(p, found_one.revision);
  if p ? 'name' then
    update public.workspaces w set name = hearth.read_name(p) where w.id = wanted
      returning * into found_one;
  end if;
  return hearth.workspace_json(found_one, role);
end
$$;

-- {id, if_revision?}
create function public.delete_workspace(p jsonb) returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  wanted uuid := hearth.read_uuid(p, 'id');
  role text := hearth.require_role(wanted, 'owner');
  found_one public.workspaces;
begin
  select * into found_one from public.workspaces w where w.id = wanted for no key update;
  perform hearth.check_revision(p, found_one.revision);
  if found_one.kind = 'personal' then
    perform hearth.fail(409, 'personal_workspace',
      'A Personal workspace goes with its account. Delete its conversations instead.');
  end if;
  delete from public.workspaces w where w.id = wanted;
  return jsonb_build_object('id', wanted, 'deleted', true);
end
$$;

revoke all on function
  hearth.workspace_json(public.workspaces, text), hearth.read_name(jsonb),
  public.list_workspaces(jsonb), public.create_workspace(jsonb), public.get_workspace(jsonb),
  public.update_workspace(jsonb), public.delete_workspace(jsonb)
from public, anon, authenticated, service_role;
grant execute on function
  hearth.workspace_json(public.workspaces, text), hearth.read_name(jsonb),
  public.list_workspaces(jsonb), public.create_workspace(jsonb), public.get_workspace(jsonb),
  public.update_workspace(jsonb), public.delete_workspace(jsonb)
to authenticated;
