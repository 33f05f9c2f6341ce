-- The OpenAI-compatible routes: nothing of what is said is stored, only what it took.

-- On what terms the caller may ask: {workspace_id?}, by default their Personal one.
create function public.begin_completion(p jsonb default '{}') returns jsonb
language plpgsql security definer  -- Reads the terms, of which some tables are closed to users.
set search_path = '', pg_temp
as $$
declare
  workspace uuid := coalesce(hearth.read_uuid(p, 'workspace_id'), hearth.ensure_home());
  role text := hearth.require_role(workspace, 'member');
begin
  return jsonb_build_object('workspace_id', workspace, 'user_id', auth.uid(), 'role', role)
    || hearth.terms(workspace);
end
$$;

-- Payload: {usage, decision, time_to_first_token_ms, duration_ms}. Security definer, signed and
-- idempotent, as complete_turn is.
create function public.record_completion(
  p_workspace uuid, p_id uuid, p_user uuid, p_payload text, p_expires bigint, p_mac text
) returns jsonb
language plpgsql security definer
set search_path = '', pg_temp
as $$
begin
  perform hearth.check_signature('record_completion', p_workspace, p_id, p_user, p_payload,
    p_expires, p_mac);
  if not exists (select from public.workspaces w where w.id = p_workspace) then
    perform hearth.fail(404, 'workspace_not_found', 'There is no such workspace.');
  end if;
  return jsonb_build_object('recorded',
    hearth.record_use(p_workspace, p_id, 'completion', p_user, p_payload::jsonb));
end
$$;

revoke all on function public.begin_completion(jsonb),
  public.record_completion(uuid, uuid, uuid, text, bigint, text)
  from public, anon, authenticated, service_role;
grant execute on function public.begin_completion(jsonb) to authenticated;
grant execute on function public.record_completion(uuid, uuid, uuid, text, bigint, text)
  to anon, authenticated;
