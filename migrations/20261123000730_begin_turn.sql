-- A turn's one call before its first token. {turn_id, conversation_id, workspace_id?, message_id?,
-- content?, parent_id?, has_parent, sensitivity?, request_digest, options?, history_bytes?,
-- lease_seconds?}
--
-- Security definer, since it writes the pending answer and the turn, which no user may write. It
-- checks the membership itself, and acts for the caller alone. Idempotent on the turn's id: whoever
-- comes second waits for the workspace's counter, and then finds the turn.

create function public.begin_turn(p jsonb) returns jsonb
language plpgsql security definer
set search_path = '', pg_temp
as $$
declare
  me uuid := auth.uid();
  turn_id uuid := hearth.read_uuid(p, 'turn_id');
  wanted uuid := hearth.read_uuid(p, 'conversation_id');
  workspace uuid := hearth.read_uuid(p, 'workspace_id');
  budget integer := least(greatest(coalesce((p ->> 'history_bytes')::integer, 65536), 0), 1048576);
  role text;
  c public.conversations;
  turn public.turns;
  question public.messages;
  answer public.messages;
  created boolean;
  closed uuid[];
  told record;
begin
  if turn_id is null then
    perform hearth.invalid('turn_id', 'is required');
  elsif coalesce(p ->> 'request_digest', '') = '' then
    perform hearth.invalid('request_digest', 'is required');
  end if;
  perform hearth.ensure_home();

  -- The oldest, where several workspaces hold the id: see hearth.find_conversation.
  select k.* into c
    from public.workspace_members m
    join public.conversations k on k.workspace_id = m.workspace_id and k.id = wanted
    where m.user_id = me and m.deleted_at is null and k.deleted_at is null
      and (workspace is null or k.workspace_id = workspace)
    order by k.created_at, k.workspace_id limit 1
    for no key update of k;
  if not found then
    perform hearth.fail(404, 'conversation_not_found', 'There is no such conversation.');
  end if;
  role := hearth.require_role(c.workspace_id, 'member');

  closed := hearth.close_lapsed_turns(c.workspace_id, c.id);
  perform from hearth.workspace_revisions r where r.workspace_id = c.workspace_id
    for no key update;

  select * into turn from public.turns t where t.workspace_id = c.workspace_id and t.id = turn_id;
  created := not found;
  if created then
    question := hearth.ask(c, me, p);
  elsif turn.deleted_at is not null or turn.conversation_id <> c.id or turn.user_id <> me
      or turn.request_digest <> p ->> 'request_digest' then
    perform hearth.fail(409, 'id_reused', 'This id was used before, for another request.');
  else
    select * into question from public.messages m
      where m.workspace_id = c.workspace_id and m.id = turn.question_id;
  end if;

  select * into told from hearth.history(c.workspace_id, question.parent_id, budget);
  if created then
    turn := hearth.open_turn(question, me, turn_id, case
      when told.private or 'private' in (hearth.read_sensitivity(p), c.sensitivity,
        question.sensitivity) then 'private' else 'normal' end, p);
    -- The newest change comes first in the list of conversations: this is one.
    update public.conversations k set updated_at = now()
      where k.workspace_id = c.workspace_id and k.id = c.id
      returning * into c;
  end if;
  select * into answer from public.messages m
    where m.workspace_id = c.workspace_id and m.id = turn_id;

  return jsonb_build_object(
    'created', created,
    'workspace_id', c.workspace_id,
    'user_id', me,
    'role', role,
    'turn', hearth.turn_json(turn),
    'user_message', hearth.message_json(question),
    'answer', hearth.message_json(answer),
    'conversation', hearth.conversation_json(c),
    'history', told.entries,
    'history_cut', told.cut,
    'sensitivity', turn.sensitivity,
    -- With whose they were: the signature that stores what was said names its person.
    'closed', (
      select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'user_id', t.user_id)
        order by t.id), '[]')
      from public.turns t where t.workspace_id = c.workspace_id and t.id = any (closed)),
    'open', (
      select coalesce(jsonb_agg(jsonb_build_object('id', t.id,
        'lease_expires_at', hearth.rfc3339(t.lease_expires_at)) order by t.id), '[]')
      from public.turns t
      where t.workspace_id = c.workspace_id and t.conversation_id = c.id
        and t.state = 'pending' and t.deleted_at is null and t.id <> turn_id))
    || hearth.terms(c.workspace_id);
end
$$;

revoke all on function public.begin_turn(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.begin_turn(jsonb) to authenticated;
