-- What a stranger and a malicious member try, through plain SQL with the rights of their tokens.
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

-- A stranger learns nothing from any answer: what is there and what never was answer alike.
create function pg_temp.answer_to(statement text) returns text
language plpgsql as $$
declare
  code text; said text; detail text; hint text; place text;
begin
  execute statement;
  return 'done';
exception
  when others then
    get stacked diagnostics code = returned_sqlstate, said = message_text,
      detail = pg_exception_detail, hint = pg_exception_hint, place = constraint_name;
    return concat_ws('|', code, said, detail, hint, place);
end
$$;
select spec.act_as('otto');
select is(pg_temp.answer_to(replace(q, '?', quote_literal(id(there)))),
  pg_temp.answer_to(replace(q, '?', quote_literal(id('never was')))), 'nothing is told by ' || q)
from (values
  ('acme', $$select get_workspace(jsonb_build_object('id', ?))$$),
  ('acme', $$select update_workspace(jsonb_build_object('id', ?, 'name', 'O'))$$),
  ('acme', $$select delete_workspace(jsonb_build_object('id', ?))$$),
  ('acme', $$select list_members(jsonb_build_object('workspace_id', ?))$$),
  ('acme', $$select add_member(jsonb_build_object('workspace_id', ?, 'email', 'otto@example.com', 'role', 'owner'))$$),
  ('acme', $$select update_member(jsonb_build_object('workspace_id', ?, 'user_id', auth.uid(), 'role', 'owner'))$$),
  ('acme', $$select remove_member(jsonb_build_object('workspace_id', ?, 'user_id', auth.uid()))$$),
  ('mira', $$select remove_member(jsonb_build_object('workspace_id', spec.id('elsewhere'), 'user_id', ?))$$),
  ('mira', $$select update_member(jsonb_build_object('workspace_id', spec.id('elsewhere'), 'user_id', ?, 'role', 'admin'))$$),
  ('mira', $$select add_member(jsonb_build_object('workspace_id', spec.id('elsewhere'), 'user_id', ?, 'role', 'viewer'))$$),
  ('acme', $$select get_policy(jsonb_build_object('workspace_id', ?))$$),
  ('acme', $$select put_policy(jsonb_build_object('workspace_id', ?))$$),
  ('acme', $$select list_conversations(jsonb_build_object('workspace_id', ?))$$),
  ('acme', $$select create_conversation(jsonb_build_object('workspace_id', ?))$$),
  ('acme', $$select begin_completion(jsonb_build_object('workspace_id', ?))$$),
  ('chat', $$select get_conversation(jsonb_build_object('id', ?))$$),
  ('chat', $$select get_conversation(jsonb_build_object('id', ?, 'workspace_id', spec.id('acme')))$$),
  ('chat', $$select update_conversation(jsonb_build_object('id', ?, 'title', 'O'))$$),
  ('chat', $$select delete_conversation(jsonb_build_object('id', ?))$$),
  ('chat', $$select list_messages(jsonb_build_object('conversation_id', ?))$$),
  ('answer', $$select get_turn(jsonb_build_object('id', ?))$$),
  ('chat', $$select begin_turn(jsonb_build_object('turn_id', spec.id('o'), 'conversation_id', ?, 'content', 'Hi', 'request_digest', 'x'))$$),
  ('answer', $$select begin_turn(jsonb_build_object('turn_id', spec.id('o'), 'conversation_id', spec.id('far chat'), 'parent_id', ?, 'has_parent', true, 'content', 'Hi', 'request_digest', 'x'))$$),
  ('answer', $$select begin_turn(jsonb_build_object('turn_id', spec.id('o'), 'conversation_id', spec.id('far chat'), 'parent_id', ?, 'request_digest', 'x'))$$),
  ('answer', $$select complete_turn(spec.id('acme'), ?, spec.id('mira'), '{}', 0, 'x')$$),
  ('acme', $$select record_completion(?, spec.id('o'), spec.id('mira'), '{}', 0, 'x')$$),
  ('acme', $$insert into conversations (workspace_id, id) values (?, spec.id('chat'))$$),
  ('acme', $$insert into conversations (workspace_id, id) values (?, spec.id('chat')) on conflict do nothing$$),
  ('acme', $$insert into conversations (workspace_id, id) values (?, spec.id('chat')) on conflict (workspace_id, id) do update set title = 'O'$$),
  ('chat', $$insert into messages (workspace_id, id, conversation_id, content) values (spec.id('acme'), spec.id('answer'), ?, '"Hi"')$$),
  ('acme', $$insert into messages (workspace_id, id, conversation_id, content) values (?, spec.id('answer'), spec.id('chat'), '"Hi"') on conflict do nothing$$),
  ('acme', $$insert into messages (workspace_id, conversation_id, parent_id, content) values (?, spec.id('chat'), spec.id('answer'), '"Hi"')$$),
  ('chat', $$insert into messages (workspace_id, conversation_id, content) values (spec.id('elsewhere'), ?, '"Hi"')$$),
  ('acme', $$select hearth.require_role(?, 'viewer')$$),
  ('acme', $$select hearth.my_role(?)$$),
  ('acme', $$update workspaces set name = 'O' where id = ?$$),
  ('chat', $$delete from conversations where id = ?$$)
) q (there, q);

select is((select count(*) from profiles), 1::bigint, 'a stranger sees one profile, their own');
select is((select array_agg(distinct it) from (
    select workspace_id it from workspace_members union select workspace_id from conversations
    union select workspace_id from messages union select workspace_id from turns
    union select workspace_id from workspace_policies union select id from workspaces) w
    where it not in (select hearth.my_workspaces('owner'))), null,
  'and nothing of any workspace that is not theirs');

-- Someone else's id, used as one's own
select lives_ok($$select create_conversation(jsonb_build_object('id', id('chat'), 'title', 'Mine'))$$,
  'an id of another tenant''s conversation is free');
select is(spec.ask('answer', 'chat', 'Hi') ->> 'created', 'true', 'so is their turn''s');

-- A member who forges
select spec.act_as('mira');
select is(pg_temp.answer_to(q) like '42501|%', true, 'refused: ' || q)
from unnest(array[
  $$select hearth.record_use(spec.id('acme'), spec.id('x'), 'turn', spec.id('mira'), '{}')$$,
  $$select hearth.open_turn(m, spec.id('mira'), spec.id('x'), 'normal', '{"request_digest": "x"}') from messages m$$,
  $$select hearth.ask(c, spec.id('olga'), '{"content": "Hi"}') from conversations c$$,
  $$select hearth.close_lapsed_turns(spec.id('acme'), spec.id('chat'))$$,
  $$select hearth.history(spec.id('elsewhere'), spec.id('far answer'), 9999)$$,
  $$select hearth.terms(spec.id('elsewhere'))$$,
  $$select hearth.flags_of(spec.id('elsewhere'))$$,
  $$select hearth.make_home(spec.id('x'), 'x@example.com', '{}')$$,
  $$select hearth.hmac_sha256('', '')$$,
  $$select hearth.stamp()$$,
  $$update messages set status = 'pending' where id = spec.id('answer')$$,
  $$update messages set role = 'assistant' where author_id = auth.uid()$$,
  $$insert into messages (workspace_id, conversation_id, content, revision) values (spec.id('acme'), spec.id('chat'), '"Hi"', 0)$$,
  $$insert into messages (workspace_id, conversation_id, content, deleted_at) values (spec.id('acme'), spec.id('chat'), '"Hi"', now())$$,
  $$update conversations set workspace_id = spec.id('acme')$$,
  $$update conversations set revision = 0$$,
  $$update conversations set deleted_at = null$$,
  $$update workspace_members set deleted_at = null$$,
  $$truncate messages$$,
  $$alter table messages disable trigger all$$,
  $$alter table messages disable row level security$$,
  $$create trigger mine before insert on messages for each row execute function suppress_redundant_updates_trigger()$$,
  $$create policy mine on messages using (true)$$,
  $$set session_replication_role = replica$$,
  $$create function public.mine() returns int language sql as 'select 1'$$,
  $$create table hearth.mine ()$$,
  $$copy messages to program 'true'$$]) q;
-- Circles
select is(pg_temp.answer_to($$insert into messages (workspace_id, id, conversation_id, parent_id, content)
    values (spec.id('acme'), spec.id('egg'), spec.id('chat'), spec.id('hen'), '"Egg"'),
      (spec.id('acme'), spec.id('hen'), spec.id('chat'), spec.id('egg'), '"Hen"')$$)
  like 'PT404|message_not_found|%', true, 'two messages cannot follow one another in a circle');
select is(pg_temp.answer_to($$insert into messages (workspace_id, id, conversation_id, parent_id, content)
    values (spec.id('acme'), spec.id('egg'), spec.id('chat'), spec.id('egg'), '"Egg"')$$)
  like 'PT404|message_not_found|%', true, 'nor one itself');

-- Privacy cannot be written around
select create_conversation(jsonb_build_object('id', id('diary'), 'workspace_id', id('acme'),
  'sensitivity', 'private'));
insert into messages (workspace_id, id, conversation_id, content)
  values (id('acme'), id('dear'), id('diary'), '"Dear diary"');
select update_conversation(jsonb_build_object('id', id('diary'), 'sensitivity', 'normal'));
select is(spec.ask('p', 'diary', 'And?') ->> 'sensitivity', 'private',
  'what was written straight into a private conversation is private');

-- Too much
select is(pg_temp.answer_to(q) ~ '^(PT4|23514)', true, 'too large: ' || left(q, 70)) from unnest(array[
  $$select spec.ask('big', 'chat', null, jsonb_build_object('content', jsonb_build_array(jsonb_build_object(
    'type', 'text', 'text', 'Hi', 'more', repeat('x', 1300000)))))$$,
  $$select spec.ask('big', 'chat', 'Hi', jsonb_build_object('options', jsonb_build_object('x', repeat('x', 70000))))$$,
  $$select spec.ask('big', 'chat', 'Hi', jsonb_build_object('request_digest', repeat('x', 201)))$$,
  $$insert into conversations (workspace_id, title) values (spec.id('acme'), repeat('x', 501))$$,
  $$insert into conversations (workspace_id, created_digest) values (spec.id('acme'), repeat('x', 65))$$,
  $$update profiles set display_name = repeat('x', 201) where user_id = auth.uid()$$]) q;

-- A member who was removed has a token still
select spec.act_as('adam');
select remove_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('mira')));
select spec.act_as('mira');
select throws_ok($$select spec.ask('gone', 'chat', 'Hi')$$, 'PT404', 'conversation_not_found',
  'who was removed finds nothing');
select is((select count(*) from messages) + (select count(*) from conversations)
  + (select count(*) from provider_usage), 0::bigint, 'and reads nothing');
select is((select count(*) from workspace_members where user_id <> auth.uid()), 0::bigint,
  'nobody''s membership either');

select * from finish();
rollback;
