-- The caller's own profile. Security invoker: the policies on profiles decide.

create function hearth.profile_json(p public.profiles, home uuid) returns jsonb
language sql stable
return jsonb_build_object(
  'user_id', p.user_id, 'email', p.email, 'display_name', p.display_name,
  'personal_workspace_id', home, 'revision', p.revision,
  'created_at', hearth.rfc3339(p.created_at), 'updated_at', hearth.rfc3339(p.updated_at));

create function public.get_me(p jsonb default '{}') returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  home uuid := hearth.ensure_home();
begin
  return (select hearth.profile_json(f, home) from public.profiles f where f.user_id = auth.uid());
end
$$;

-- {display_name?, if_revision?}
create function public.update_me(p jsonb) returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  home uuid := hearth.ensure_home();
  mine public.profiles;
begin
  select * into mine from public.profiles f where f.user_id = auth.uid() for no key update;
  perform hearth.check_revision(p, mine.revision);
  if p ? 'display_name' then
    update public.profiles f set display_name = hearth.read_text(p, 'display_name', 200)
      where f.user_id = mine.user_id
      returning * into mine;
  end if;
  return hearth.profile_json(mine, home);
end
$$;

revoke all on function hearth.profile_json(public.profiles, uuid), public.get_me(jsonb),
  public.update_me(jsonb) from public, anon, authenticated, service_role;
grant execute on function hearth.profile_json(public.profiles, uuid), public.get_me(jsonb),
  public.update_me(jsonb) to authenticated;
