-- How members and workspaces go. A deleted row becomes a tombstone: it keeps its key and gets a new
-- revision, so that every client learns of it. Deleting the tombstone (the operator's programs may)
-- takes the row away for good.

create function hearth.bury_member() returns trigger
language plpgsql security definer  -- Nobody who may delete may also set `deleted_at`.
set search_path = '', pg_temp
as $$
begin
  if old.deleted_at is not null then
    return old;
  end if;
  update public.workspace_members m set deleted_at = now()
    where m.workspace_id = old.workspace_id and m.user_id = old.user_id;
  return null;
end
$$;

create trigger bury before delete on public.workspace_members
  for each row execute function hearth.bury_member();

-- A workspace that is there has an owner, and a Personal one has its person and nobody else. After
-- the row's own trigger, hence with the workspace's counter locked: of two owners who leave at the
-- same moment the second sees that the first has gone. Security definer, since it must see every
-- member whatever the caller may see.
create function hearth.keep_an_owner() returns trigger
language plpgsql security definer
set search_path = '', pg_temp
as $$
begin
  if not exists (select from public.workspaces w
                 where w.id = new.workspace_id and w.deleted_at is null) then
    return null;
  end if;
  if not exists (select from public.workspace_members m
                 where m.workspace_id = new.workspace_id and m.role = 'owner'
                   and m.deleted_at is null) then
    perform hearth.fail(409, 'last_owner',
      'A workspace needs an owner. Make someone else one first, or delete the workspace.');
  end if;
  return null;
end
$$;

create trigger keep_an_owner after update on public.workspace_members
  for each row
  when (old.role = 'owner' and old.deleted_at is null
    and (new.role <> 'owner' or new.deleted_at is not null))
  execute function hearth.keep_an_owner();

-- What a workspace held goes with it.
create function hearth.bury_workspace() returns trigger
language plpgsql security definer  -- Nobody who may delete may also update every column.
set search_path = '', pg_temp
as $$
begin
  if old.deleted_at is not null then
    return old;
  end if;
  -- The rows' locks first, the counter's last: see the revisions.
  perform from public.conversations c where c.workspace_id = old.id
    order by c.id for no key update;
  perform from public.turns t where t.workspace_id = old.id order by t.id for no key update;
  perform from public.messages m where m.workspace_id = old.id order by m.position for no key update;
  perform from public.workspace_policies p where p.workspace_id = old.id for no key update;
  perform from public.workspace_members m where m.workspace_id = old.id
    order by m.user_id for no key update;

  update public.workspaces w set name = '', created_digest = null, deleted_at = now()
    where w.id = old.id;
  delete from public.conversations c where c.workspace_id = old.id and c.deleted_at is null;
  delete from public.workspace_policies p where p.workspace_id = old.id and p.deleted_at is null;
  delete from public.feature_flags f where f.workspace_id = old.id;
  -- Last: until then the one who deletes it is a member.
  delete from public.workspace_members m where m.workspace_id = old.id and m.deleted_at is null;
  return null;
end
$$;

create trigger bury before delete on public.workspaces
  for each row execute function hearth.bury_workspace();

revoke all on function hearth.bury_member(), hearth.keep_an_owner(), hearth.bury_workspace()
  from public;
