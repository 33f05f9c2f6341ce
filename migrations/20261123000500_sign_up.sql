-- What a new user gets: a profile, and a workspace named Personal that they own.

-- Makes whatever of it is missing; gives the Personal workspace's id. Security definer, since it
-- also runs where no one is signed in yet.
create function hearth.make_home(person uuid, email text, metadata jsonb) returns uuid
language plpgsql security definer
set search_path = '', pg_temp
as $$
declare
  home uuid;
begin
  insert into public.profiles (user_id, email, display_name)
  values (person, make_home.email, left(coalesce(
    case when jsonb_typeof(metadata -> 'display_name') = 'string'
      then metadata ->> 'display_name' end,
    case when jsonb_typeof(metadata -> 'name') = 'string' then metadata ->> 'name' end), 200))
  on conflict (user_id) do nothing;

  insert into public.workspaces (name, kind, created_by) values ('Personal', 'personal', person)
    on conflict (created_by) where kind = 'personal' and deleted_at is null do nothing;
  select w.id into strict home from public.workspaces w
    where w.created_by = person and w.kind = 'personal' and w.deleted_at is null;

  insert into public.workspace_members as m (workspace_id, user_id, role)
    values (home, person, 'owner')
    on conflict (workspace_id, user_id) do update set role = 'owner', deleted_at = null
      where m.role <> 'owner' or m.deleted_at is not null;
  insert into public.workspace_policies (workspace_id) values (home)
    on conflict (workspace_id) do nothing;
  return home;
end
$$;

-- The caller's Personal workspace, made now if the sign-up could not. Whoever has a token and no
-- account any more gets nothing. Security definer, since it reads auth.users.
create function hearth.ensure_home() returns uuid
language plpgsql security definer
set search_path = '', pg_temp
as $$
declare
  me uuid := auth.uid();
  home uuid;
  account record;
begin
  select w.id into home
    from public.workspaces w
    join public.workspace_members m
      on m.workspace_id = w.id and m.user_id = me and m.role = 'owner' and m.deleted_at is null
    join public.profiles p on p.user_id = me
    where w.created_by = me and w.kind = 'personal' and w.deleted_at is null;
  if home is not null then
    return home;
  end if;

  select u.email, u.raw_user_meta_data into account from auth.users u where u.id = me;
  if not found then
    perform hearth.fail(401, 'invalid_credential', 'This account is gone. Sign in again.');
  end if;
  return hearth.make_home(me, account.email, account.raw_user_meta_data);
end
$$;

-- Nothing that goes wrong here keeps anyone from signing up, signing in or going: it is logged as a
-- warning, and begin_turn and the others mend it with hearth.ensure_home. Security definer, since
-- Supabase Auth's own role may do nothing in our schemas.
create function hearth.follow_account() returns trigger
language plpgsql security definer
set search_path = '', pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    perform hearth.make_home(new.id, new.email, new.raw_user_meta_data);
  elsif tg_op = 'UPDATE' then
    update public.profiles p set email = new.email where p.user_id = new.id;
  else
    delete from public.workspaces w
      where w.created_by = old.id and w.kind = 'personal' and w.deleted_at is null;
    -- A workspace that others are in keeps its last owner's row, and with it its history.
    delete from public.workspace_members m
      where m.user_id = old.id and m.deleted_at is null
        and (m.role <> 'owner' or exists (
          select from public.workspace_members other
          where other.workspace_id = m.workspace_id and other.user_id <> m.user_id
            and other.role = 'owner' and other.deleted_at is null));
    delete from public.profiles p where p.user_id = old.id and p.deleted_at is null;
  end if;
  return null;
exception
  when others then
    raise warning 'hearth: % of an account was not followed: %', lower(tg_op), sqlerrm;
    return null;
end
$$;

create trigger hearth_follow_account after insert or delete on auth.users
  for each row execute function hearth.follow_account();
create trigger hearth_follow_email after update of email on auth.users
  for each row when (old.email is distinct from new.email)
  execute function hearth.follow_account();

revoke all on function hearth.make_home(uuid, text, jsonb), hearth.ensure_home(),
  hearth.follow_account() from public;
-- It acts for the caller alone.
grant execute on function hearth.ensure_home() to authenticated;
