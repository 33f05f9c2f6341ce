-- A workspace's policy as the API serves it. Security invoker: the policies on the table decide.

create function hearth.policy_json(q public.workspace_policies) returns jsonb
language sql stable
return jsonb_build_object(
  'workspace_id', q.workspace_id, 'on_prem_only', q.on_prem_only, 'routing', q.routing,
  'quotas', q.quotas, 'retention_days', q.retention_days, 'revision', q.revision,
  'created_at', hearth.rfc3339(q.created_at), 'updated_at', hearth.rfc3339(q.updated_at));

create function hearth.read_object(p jsonb, field text) returns jsonb
language plpgsql immutable
set search_path = '', pg_temp
as $$
declare
  value jsonb := coalesce(nullif(p -> field, 'null'), '{}');
begin
  if jsonb_typeof(value) <> 'object' then
    perform hearth.invalid(field, 'must be an object');
  elsif octet_length(value::text) > 65536 then
    perform hearth.invalid(field, 'must take at most 65,536 bytes');
  end if;
  return value;
end
$$;

-- {workspace_id}
create function public.get_policy(p jsonb) returns jsonb
language plpgsql stable
set search_path = '', pg_temp
as $$
declare
  workspace uuid := hearth.read_uuid(p, 'workspace_id');
begin
  perform hearth.require_role(workspace, 'viewer');
  return (select hearth.policy_json(q) from public.workspace_policies q
          where q.workspace_id = workspace);
end
$$;

-- {workspace_id, on_prem_only?, routing?, quotas?, retention_days?, if_revision?}: all of it is
-- replaced, what is not said by its default.
create function public.put_policy(p jsonb) returns jsonb
language plpgsql
set search_path = '', pg_temp
as $$
declare
  workspace uuid := hearth.read_uuid(p, 'workspace_id');
  strict_home boolean := coalesce(p ->> 'on_prem_only', 'false') = 'true';
  days text := p ->> 'retention_days';
  current public.workspace_policies;
begin
  perform hearth.require_role(workspace, 'admin');
  if coalesce(jsonb_typeof(p -> 'on_prem_only'), 'null') not in ('null', 'boolean') then
    perform hearth.invalid('on_prem_only', 'must be true or false');
  elsif days !~ '^[0-9]{1,5}$' or days::integer not between 1 and 36500 then
    perform hearth.invalid('retention_days', 'must be a number of days from 1 to 36500, or null');
  end if;

  select * into current from public.workspace_policies q where q.workspace_id = workspace
    for no key update;
  perform hearth.check_revision(p, current.revision);
  update public.workspace_policies q
    set on_prem_only = strict_home, routing = hearth.read_object(p, 'routing'),
      quotas = hearth.read_object(p, 'quotas'), retention_days = days::integer
    where q.workspace_id = workspace
    returning * into current;
  return hearth.policy_json(current);
end
$$;

revoke all on function
  hearth.policy_json(public.workspace_policies), hearth.read_object(jsonb, text),
  public.get_policy(jsonb), public.put_policy(jsonb)
from public, anon, authenticated, service_role;
grant execute on function
  hearth.policy_json(public.workspace_policies), hearth.read_object(jsonb, text),
  public.get_policy(jsonb), public.put_policy(jsonb)
to authenticated;
