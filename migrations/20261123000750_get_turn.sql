-- A turn, with its answer as far as it is stored, and the caller's role where it is.
-- {id, workspace_id?}. Security invoker: the policies on turns and messages decide.

create function public.get_turn(p jsonb) returns jsonb
language plpgsql stable
set search_path = '', pg_temp
as $$
declare
  wanted uuid := hearth.read_uuid(p, 'id');
  workspace uuid := hearth.read_uuid(p, 'workspace_id');
  turn public.turns;
begin
  -- The oldest, where several workspaces hold the id: see hearth.find_conversation.
  select * into turn from public.turns t
    where t.workspace_id = any (array(select hearth.my_workspaces('viewer')))
      and t.id = wanted and t.deleted_at is null
      and (workspace is null or t.workspace_id = workspace)
    order by t.created_at, t.workspace_id limit 1;
  if not found then
    perform hearth.fail(404, 'turn_not_found', 'There is no such turn.');
  end if;
  return hearth.turn_json(turn) || jsonb_build_object(
    'role', hearth.my_role(turn.workspace_id),
    'message', (select hearth.message_json(m) from public.messages m
                where m.workspace_id = turn.workspace_id and m.id = turn.id));
end
$$;

revoke all on function public.get_turn(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.get_turn(jsonb) to authenticated;
