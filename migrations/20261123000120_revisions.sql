-- Revisions: a counter row per workspace, and per user for rows that belong to no workspace.
--
-- Raising the counter locks its row until the transaction ends, so a higher revision is always
-- committed later than a lower one: a client that has seen 8 never meets a 7 afterwards.
--
-- Locks are taken in one order everywhere: the conversation, its turns, its messages, and the
-- counter last. A row's own lock comes before its BEFORE UPDATE trigger, so a statement that
-- changes one row keeps that order by itself.

create table hearth.workspace_revisions (
  workspace_id uuid primary key,
  value bigint not null
) with (fillfactor = 50);

create table hearth.user_revisions (
  user_id uuid primary key,
  value bigint not null
) with (fillfactor = 50);

alter table hearth.workspace_revisions enable row level security;
alter table hearth.user_revisions enable row level security;
revoke all on hearth.workspace_revisions, hearth.user_revisions
  from public, anon, authenticated, service_role;

-- Security definer, since nobody may touch the counters otherwise. For rows with a `workspace_id`.
create function hearth.stamp() returns trigger
language plpgsql security definer
set search_path = '', pg_temp
as $$
begin
  -- A BEFORE trigger runs ahead of the policies. Someone who is not a member gets no lock on the
  -- workspace's counter, and no hint of whether there is one: the policy refuses the row next.
  if tg_op = 'INSERT' and tg_nargs > 0 and auth.uid() is not null and not exists (
    select from public.workspace_members m
    where m.workspace_id = new.workspace_id and m.user_id = auth.uid() and m.deleted_at is null
  ) then
    new.revision := 0;
    return new;
  end if;

  update hearth.workspace_revisions r set value = r.value + 1
    where r.workspace_id = new.workspace_id
    returning r.value into new.revision;
  new.updated_at := now();
  return new;
end
$$;

-- Security definer for the same reason. For workspaces themselves, whose counter begins with them.
create function hearth.stamp_workspace() returns trigger
language plpgsql security definer
set search_path = '', pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into hearth.workspace_revisions values (new.id, 1) on conflict do nothing;
    new.revision := 1;
  else
    update hearth.workspace_revisions r set value = r.value + 1
      where r.workspace_id = new.id
      returning r.value into new.revision;
  end if;
  new.updated_at := now();
  return new;
end
$$;

-- Security definer for the same reason. For a user's own rows.
create function hearth.stamp_user_row() returns trigger
language plpgsql security definer
set search_path = '', pg_temp
as $$
begin
  insert into hearth.user_revisions as r values (new.user_id, 1)
    on conflict (user_id) do update set value = r.value + 1
    returning r.value into new.revision;
  new.updated_at := now();
  return new;
end
$$;

revoke all on function hearth.stamp(), hearth.stamp_workspace(), hearth.stamp_user_row()
  from public;
