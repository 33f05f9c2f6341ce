-- Members as the API serves them. Security invoker, except where a comment says why not: the
-- policies on workspace_members decide, and a trigger keeps the last owner.

create function hearth.member_json(m public.workspace_members, f public.profiles) returns jsonb
language sql stable
return jsonb_build_object(
  'workspace_id', m.workspace_id, 'user_id', m.user_id, 'email', f.email,
  'display_name', f.display_name, 'role', m.role, 'revision', m.revision,
  'created_at', hearth.rfc3339(m.created_at), 'updated_at', hearth.rfc3339(m.updated_at));

-- A member that is there.
create function hearth.find_member(workspace uuid, person uuid) returns public.workspace_members
language plpgsql
set search_path = '', pg_temp
as $$
declare
  member public.workspace_members;
begin
  select * into member from public.workspace_members m
    where m.workspace_id = workspace and m.user_id = person and m.deleted_at is null;
  if not found then
    perform hearth.fail(404, 'member_not_found', 'There is no such member in this workspace.');
  end if;
  return member;
end
$$;

create function hearth.read_role(p jsonb) returns text
language plpgsql immutable
set search_path = '', pg_temp
as $$
begin
  if hearth.rank(coalesce(p ->> 'role', '')) = 0 then
    perform hearth.invalid('role', 'must be one of owner, admin, member and viewer');
  end if;
  return p ->> 'role';
end
$$;

-- Only owners make owners, and only they change one.
create function hearth.require_rank_for(role text, mine text) returns void
language plpgsql immutable
set search_path = '', pg_temp
as $$
begin
  if role = 'owner' and mine <> 'owner' then
    perform hearth.fail(403, 'role_required', 'This takes the role owner; you are ' || mine
      || ' here.');
  end if;
end
$$;

-- {workspace_id, limit?, cursor?}
create function public.list_members(p jsonb) returns jsonb
language plpgsql stable
set search_path = '', pg_temp
as $$
declare
  workspace uuid := hearth.read_uuid(p, 'workspace_id');
  size integer := hearth.read_limit(p);
  after uuid := hearth.read_cursor(p, '^[0-9a-f-]{36}$')::uuid;
  page jsonb;
  last_id text;
  total integer;
begin
  perform hearth.require_role(workspace, 'viewer');
  select coalesce(jsonb_agg(hearth.member_json(l.m, l.f) order by (l.m).user_id)
      filter (where l.n <= size), '[]'),
    (max((l.m).user_id::text) filter (where l.n <= size)), count(*)
    into page, last_id, total
    from (
      select m, f, row_number() over (order by m.user_id) as n
      from public.workspace_members m
      left join public.profiles f on f.user_id = m.user_id
      where m.workspace_id = workspace and m.deleted_at is null
        and (after is null or m.user_id > after)
      order by m.user_id limit size + 1
    ) l;
  return jsonb_build_object('data', page,
    'next_cursor', case when total > size then hearth.cursor_of(last_id) end);
end
$$;

-- {workspace_id, email | user_id, role}. Security definer, since it finds a person by address, and
-- nobody may read the list of all people; it checks the caller's role itself. By id it finds those
-- only who share a workspace with the caller: an id alone must not lead to a name and an address.
create function public.add_member(p jsonb) returns jsonb
language plpgsql security definer
set search_path = '', pg_temp
as $$
declare
  workspace uuid := hearth.read_uuid(p, 'workspace_id');
  mine text := hearth.require_role(workspace, 'admin');
  its_role text := hearth.read_role(p);
  person uuid := hearth.read_uuid(p, 'user_id');
  address text := hearth.read_text(p, 'email', 320);
  added public.workspace_members;
begin
  perform hearth.require_rank_for(its_role, mine);
  if (select w.kind from public.workspaces w where w.id = workspace) = 'personal' then
    perform hearth.fail(409, 'personal_workspace',
      'A Personal workspace is for one person. Make another workspace to share.');
  elsif (person is null) = (address is null) then
    perform hearth.invalid('email', 'is required, unless user_id is given');
  end if;

  if person is null then
    select u.id into person from auth.users u where lower(u.email) = lower(btrim(address));
  elsif person not in (select hearth.my_colleagues()) then
    person := null;
  end if;
  if person is null then
    perform hearth.fail(404, 'member_not_found', 'Nobody you could add has signed up with this.');
  end if;

  -- The row's lock first, the counter's last: see the revisions.
  perform from public.workspace_members m
    where m.workspace_id = workspace and m.user_id = person for no key update;
  insert into public.workspace_members as m (workspace_id, user_id, role)
    values (workspace, person, its_role)
    on conflict (workspace_id, user_id)
      do update set role = excluded.role, deleted_at = null, created_at = now()
      where m.deleted_at is not null
    returning * into added;
  if added.user_id is null then
    perform hearth.fail(409, 'already_member', 'They are a member already. Change their role.');
  end if;
  return hearth.member_json(added, (select f from public.profiles f where f.user_id = person));
end
$$;

-- {workspace_id, user_id, role, if_revision?}
create function public.update_member(p jsonb) returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  workspace uuid := hearth.read_uuid(p, 'workspace_id');
  mine text := hearth.require_role(workspace, 'admin');
  its_role text := hearth.read_role(p);
  member public.workspace_members :=
    hearth.find_member(workspace, hearth.read_uuid(p, 'user_id'));
begin
  perform hearth.require_rank_for(its_role, mine);
  perform hearth.require_rank_for(member.role, mine);
  update public.workspace_members m set role = its_role
    where m.workspace_id = workspace and m.user_id = member.user_id
      -- What was checked above is what is changed.
      and m.revision = member.revision
      and (coalesce(p ->> 'if_revision', member.revision::text) = member.revision::text)
    returning * into member;
  if not found then
    perform hearth.fail(412, 'stale_revision',
      'The member has changed since. Read it again, and repeat the change.');
  end if;
  return hearth.member_json(member,
    (select f from public.profiles f where f.user_id = member.user_id));
end
$$;

-- {workspace_id, user_id}: an admin's to do, except that anyone may leave.
create function public.remove_member(p jsonb) returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  workspace uuid := hearth.read_uuid(p, 'workspace_id');
  person uuid := hearth.read_uuid(p, 'user_id');
  mine text := hearth.require_role(workspace,
    case when person = auth.uid() then 'viewer' else 'admin' end);
  member public.workspace_members := hearth.find_member(workspace, person);
begin
  perform hearth.require_rank_for(member.role, mine);
  if (select w.kind from public.workspaces w where w.id = workspace) = 'personal' then
    perform hearth.fail(409, 'personal_workspace', 'One does not leave one''s own Personal one.');
  end if;
  delete from public.workspace_members m
    where m.workspace_id = workspace and m.user_id = person;
  return jsonb_build_object('workspace_id', workspace, 'user_id', person, 'deleted', true);
end
$$;

revoke all on function
  hearth.member_json(public.workspace_members, public.profiles), hearth.find_member(uuid, uuid),
  hearth.read_role(jsonb), hearth.require_rank_for(text, text), public.list_members(jsonb),
  public.add_member(jsonb), public.update_member(jsonb), public.remove_member(jsonb)
from public, anon, authenticated, service_role;
grant execute on function
  hearth.member_json(public.workspace_members, public.profiles), hearth.find_member(uuid, uuid),
  hearth.read_role(jsonb), hearth.require_rank_for(text, text), public.list_members(jsonb),
  public.add_member(jsonb), public.update_member(jsonb), public.remove_member(jsonb)
to authenticated;
