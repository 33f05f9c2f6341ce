-- The parts of begin_turn that write. Security invoker; only begin_turn, which is security definer
-- and checks the caller, may call them.

-- Closes the turns of a conversation whose makers are gone, with what was said so far, and gives
-- their ids. There is no sweeper: the next turn comes by here. Takes the rows' locks in the order
-- that the revisions ask for.
create function hearth.close_lapsed_turns(workspace uuid, conversation uuid) returns uuid[]
language plpgsql
set search_path = '', pg_temp
as $$
declare
  lapsed uuid[] := array(
    select t.id from public.turns t
    where t.workspace_id = workspace and t.conversation_id = conversation
      and t.state = 'pending' and t.lease_expires_at < now() and t.deleted_at is null
    order by t.id for no key update);
begin
  if lapsed = '{}' then
    return lapsed;
  end if;
  perform from public.messages m
    where m.workspace_id = workspace and m.id = any (lapsed)
    order by m.position for no key update;
  update public.turns t set state = 'interrupted', finished_at = now()
    where t.workspace_id = workspace and t.id = any (lapsed);
  update public.messages m set status = 'interrupted'
    where m.workspace_id = workspace and m.id = any (lapsed) and m.deleted_at is null;
  return lapsed;
end
$$;

-- The question of a new turn: a new message, or the one that is answered again.
create function hearth.ask(c public.conversations, me uuid, p jsonb) returns public.messages
language plpgsql
set search_path = '', pg_temp
as $$
declare
  its_id uuid := coalesce(hearth.read_uuid(p, 'message_id'), hearth.uuid_v7());
  parent uuid := hearth.read_uuid(p, 'parent_id');
  content jsonb := nullif(p -> 'content', 'null');
  wrong text;
  question public.messages;
begin
  if content is null then
    select * into question from public.messages m
      where m.workspace_id = c.workspace_id and m.id = parent and m.conversation_id = c.id
        and m.deleted_at is null;
    if parent is null then
      perform hearth.invalid('content', 'is required, unless parent_id names a question');
    elsif not found then
      perform hearth.fail(404, 'message_not_found', 'There is no such message to answer.');
    elsif question.role <> 'user' then
      perform hearth.invalid('parent_id', 'must name a user''s message, to answer that again');
    end if;
    return question;
  end if;

  wrong := hearth.content_problem(content);
  if wrong = 'is too large' then
    perform hearth.fail(413, 'content_too_large',
      'One message holds 200,000 characters at most. Send less, or in parts.',
      jsonb_build_object('limit', 200000, 'count', case jsonb_typeof(content)
        when 'string' then char_length(content #>> '{}')
        else (select sum(char_length(part ->> 'text')) from jsonb_array_elements(content) part)
      end));
  elsif wrong is not null then
    perform hearth.invalid('content', wrong);
  elsif its_id = hearth.read_uuid(p, 'turn_id') then
    perform hearth.invalid('message_id', 'must not be the turn''s id, which is its answer''s');
  end if;

  if not coalesce(hearth.read_flag(p, 'has_parent'), parent is not null) then
    select m.id into parent from public.messages m
      where m.workspace_id = c.workspace_id and m.conversation_id = c.id and m.deleted_at is null
      order by m.position desc limit 1;
  end if;

  insert into public.messages
      (workspace_id, id, conversation_id, parent_id, author_id, content, sensitivity)
    values (c.workspace_id, its_id, c.id, parent, me, content, hearth.read_sensitivity(p))
    on conflict do nothing
    returning * into question;
  if question.id is null then
    perform hearth.fail(409, 'id_reused', 'This message_id was used before.');
  end if;
  return question;
end
$$;

-- The pending answer to a question, and the turn that makes it.
create function hearth.open_turn(
  question public.messages, me uuid, its_id uuid, its_sensitivity text, p jsonb
) returns public.turns
language plpgsql
set search_path = '', pg_temp
as $$
declare
  lease integer := least(greatest(coalesce((p ->> 'lease_seconds')::integer, 600), 1), 3600);
  turn public.turns;
begin
  insert into public.messages
      (workspace_id, id, conversation_id, parent_id, role, author_id, content, sensitivity, status)
    values (question.workspace_id, its_id, question.conversation_id, question.id, 'assistant',
      null, '""', its_sensitivity, 'pending')
    on conflict do nothing;
  if not found then
    perform hearth.fail(409, 'id_reused', 'This id was used before.');
  end if;
  insert into public.turns
      (workspace_id, id, conversation_id, user_id, question_id, request_digest, options,
       lease_expires_at, sensitivity)
    values (question.workspace_id, its_id, question.conversation_id, me, question.id,
      p ->> 'request_digest', coalesce(nullif(p -> 'options', 'null'), '{}'),
      now() + make_interval(secs => lease), its_sensitivity)
    returning * into turn;
  return turn;
end
$$;

revoke all on function hearth.close_lapsed_turns(uuid, uuid),
  hearth.ask(public.conversations, uuid, jsonb),
  hearth.open_turn(public.messages, uuid, uuid, text, jsonb) from public;
