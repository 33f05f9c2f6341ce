-- A turn's one call after its last token.

-- Writes down which model answered and what that took, once for an id. Security invoker; called by
-- the signed functions alone.
create function hearth.record_use(workspace uuid, its_id uuid, its_kind text, person uuid, made jsonb)
returns boolean
language plpgsql
set search_path = '', pg_temp
as $$
declare
  decision jsonb := nullif(made -> 'decision', 'null');
  usage jsonb := nullif(made -> 'usage', 'null');
begin
  insert into public.routing_decisions
      (workspace_id, id, kind, user_id, provider, model, locality, reasons, rejected)
    select workspace, its_id, its_kind, person, decision ->> 'provider', decision ->> 'model',
      decision ->> 'locality', coalesce(decision -> 'reasons', '[]'),
      coalesce(decision -> 'rejected', '[]')
    where decision is not null
    on conflict do nothing;
  insert into public.provider_usage
      (workspace_id, id, kind, user_id, provider, model, prompt_tokens, completion_tokens,
       time_to_first_token_ms, duration_ms)
    select workspace, its_id, its_kind, person, decision ->> 'provider', decision ->> 'model',
      (usage ->> 'prompt_tokens')::bigint, (usage ->> 'completion_tokens')::bigint,
      (made ->> 'time_to_first_token_ms')::double precision,
      (made ->> 'duration_ms')::double precision
    where decision is not null or usage is not null
    on conflict do nothing;
  return found;
end
$$;

-- Stores the answer, the usage and the decision. Payload: {status, content, usage, decision, tokens,
-- question_tokens, problem, time_to_first_token_ms, duration_ms}. Security definer, since no user
-- may write any of it: the signature says that the server does.
--
-- Idempotent: a finished turn is left as it is. Except that one which was closed as interrupted with
-- nothing said takes what was said once: its maker was slow, not gone.
create function public.complete_turn(
  p_workspace uuid, p_turn uuid, p_user uuid, p_payload text, p_expires bigint, p_mac text
) returns jsonb
language plpgsql security definer
set search_path = '', pg_temp
as $$
declare
  made jsonb;
  its_status text;
  words text;
  turn public.turns;
  answer public.messages;
  changed boolean;
begin
  perform hearth.check_signature('complete_turn', p_workspace, p_turn, p_user, p_payload,
    p_expires, p_mac);
  made := p_payload::jsonb;
  its_status := made ->> 'status';
  words := coalesce(made ->> 'content', '');
  if its_status is null
      or its_status not in ('completed', 'interrupted', 'failed', 'cancelled') then
    perform hearth.invalid('status', 'must be completed, interrupted, failed or cancelled');
  end if;

  select * into turn from public.turns t
    where t.workspace_id = p_workspace and t.id = p_turn and t.user_id = p_user;
  if not found then
    perform hearth.fail(404, 'turn_not_found', 'There is no such turn.');
  end if;

  -- The rows' locks first, the counter's last: see the revisions.
  perform from public.conversations c
    where c.workspace_id = p_workspace and c.id = turn.conversation_id for no key update;
  select * into turn from public.turns t
    where t.workspace_id = p_workspace and t.id = p_turn for no key update;
  perform from public.messages m
    where m.workspace_id = p_workspace and m.id in (turn.question_id, p_turn)
    order by m.position for no key update;
  select * into answer from public.messages m
    where m.workspace_id = p_workspace and m.id = p_turn;

  changed := turn.state = 'pending'
    or turn.state = 'interrupted' and answer.content = '""' and words <> '';
  if answer.deleted_at is not null or turn.deleted_at is not null then
    -- Deleted in mid-answer: what was said is not kept, what it took is.
    perform hearth.record_use(p_workspace, p_turn, 'turn', p_user, made);
    if turn.state = 'pending' then
      update public.turns t set state = 'cancelled', finished_at = now()
        where t.workspace_id = p_workspace and t.id = p_turn;
    end if;
    changed := false;
  elsif changed then
    update public.messages m
      set content = to_jsonb(words), status = its_status, usage = nullif(made -> 'usage', 'null'),
        decision = nullif(made -> 'decision', 'null'), tokens = (made ->> 'tokens')::integer,
        problem = case when its_status = 'failed' then nullif(made -> 'problem', 'null') end
      where m.workspace_id = p_workspace and m.id = p_turn
      returning * into answer;
    update public.messages m set tokens = (made ->> 'question_tokens')::integer
      where m.workspace_id = p_workspace and m.id = turn.question_id and m.tokens is null
        and m.deleted_at is null and made ->> 'question_tokens' is not null;
    update public.turns t set state = its_status, finished_at = now()
      where t.workspace_id = p_workspace and t.id = p_turn;
    update public.conversations c set updated_at = now()
      where c.workspace_id = p_workspace and c.id = turn.conversation_id;
    perform hearth.record_use(p_workspace, p_turn, 'turn', p_user, made);
  end if;
  return jsonb_build_object('message', hearth.message_json(answer), 'changed', changed);
end
$$;

revoke all on function hearth.record_use(uuid, uuid, text, uuid, jsonb) from public;
revoke all on function public.complete_turn(uuid, uuid, uuid, text, bigint, text)
  from public, anon, authenticated, service_role;
grant execute on function public.complete_turn(uuid, uuid, uuid, text, bigint, text)
  to anon, authenticated;
