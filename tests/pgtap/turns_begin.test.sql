-- begin_turn: what a member can do with it, and what nobody can.
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

select spec.act_as('mira');
create temp table first as select spec.ask('t1', 'chat', 'And with milk?') as it;

select is(it ->> 'created', 'true', 'a new turn is made') from first;
select is(it -> 'user_message' ->> 'content', 'And with milk?', 'with the question') from first;
select is(it -> 'user_message' ->> 'parent_id', id('answer')::text,
  'which follows the newest message') from first;
select is(it -> 'answer' ->> 'id', id('t1')::text, 'and its answer has the turn''s id') from first;
select is(it -> 'answer' ->> 'parent_id', it -> 'user_message' ->> 'id',
  'follows the question') from first;
select is(it -> 'answer' ->> 'status', 'pending', 'and is pending') from first;
select is((select array_agg(e ->> 'content') from first, jsonb_array_elements(it -> 'history') e),
  array['Which tea?', 'Darjeeling.'], 'the history is what came before, oldest first');
select is(it -> 'history' -> 1, jsonb_build_object('id', id('answer'), 'role', 'assistant',
    'content', 'Darjeeling.', 'sensitivity', 'normal', 'tokens', 7, 'status', 'completed'),
  'an entry of the history says what it takes to build a prompt') from first;
select is(it ->> 'history_cut', 'false', 'nothing of it was cut') from first;
select is(it -> 'turn' ->> 'state', 'pending', 'the turn is pending') from first;
select matches(it -> 'turn' ->> 'lease_expires_at', '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$',
  'times are RFC 3339 in UTC') from first;
select is(it -> 'policy' ->> 'on_prem_only', 'false', 'the policy comes along') from first;
select is(it -> 'flags', '{"tea": true}', 'so do the flags that are on here') from first;
select is(array[it -> 'limits', it -> 'quotas', it -> 'open', it -> 'closed'],
  array['{}', '{}', '[]', '[]']::jsonb[], 'and the places of what is to come') from first;
select is(it ->> 'sensitivity', 'normal', 'nothing in it is private') from first;
select set_eq($$select jsonb_object_keys(it) from first$$, array['created', 'workspace_id',
  'user_id', 'role', 'turn', 'user_message', 'answer', 'conversation', 'history', 'history_cut',
  'sensitivity', 'policy', 'flags', 'limits', 'quotas', 'closed', 'open'],
  'the answer has these fields and no others');
select set_eq($$select jsonb_object_keys(it -> 'answer') from first$$, array['id',
  'conversation_id', 'parent_id', 'role', 'content', 'sensitivity', 'status', 'usage', 'decision',
  'revision', 'created_at', 'updated_at'], 'a message has the fields of the HTTP contract');
select is(list_conversations(jsonb_build_object('workspace_id', id('acme')))
  -> 'data' -> 0 ->> 'id', id('chat')::text, 'the conversation moves to the top of the list');

-- Sent again
create temp table again as select spec.ask('t1', 'chat', 'And with milk?') as it;
select is(again.it ->> 'created', 'false', 'the same turn again is not made again') from again;
select is(again.it - 'created', first.it - 'created', 'and answers the same') from again, first;
select is((select count(*) from messages where conversation_id = id('chat')), 4::bigint,
  'nothing was stored twice');
select throws_ok($$select spec.ask('t1', 'chat', 'Something else')$$, 'PT409', 'id_reused',
  'the same id with another request is refused');
select throws_ok($$select spec.ask('t2', 'chat', 'Hm', jsonb_build_object('message_id', id('t1')))$$,
  'PT409', 'id_reused', 'so is a message_id that is taken');
select throws_ok($$select spec.ask('question of t1', 'chat', 'Hm', '{"message_id": null}')$$,
  'PT409', 'id_reused', 'and a turn''s id that a message has');
select spec.act_as('adam');
select throws_ok($$select spec.ask('t1', 'chat', 'And with milk?')$$, 'PT409', 'id_reused',
  'and a colleague''s turn id');

-- Branches
select spec.act_as('mira');
select is(spec.ask('t3', 'chat', 'Which coffee, then?', jsonb_build_object('has_parent', true,
    'parent_id', null)) -> 'history', '[]', 'a root has no history');
select is((select array_agg(e ->> 'content') from jsonb_array_elements(spec.ask('t4', 'chat',
    'And with lemon?', jsonb_build_object('has_parent', true, 'parent_id', id('answer')))
    -> 'history') e),
  array['Which tea?', 'Darjeeling.'], 'a branch has the history of its own line only');
select is(spec.ask('t5', 'chat', null, jsonb_build_object('has_parent', true,
    'parent_id', id('question of answer'))) -> 'user_message' ->> 'id',
  id('question of answer')::text, 'a turn without content answers a question again');
select is((select parent_id from messages where id = id('t5')), id('question of answer'),
  'as a sibling of the first answer');
select throws_ok($$select spec.ask('t6', 'chat', null)$$, 'PT422', 'invalid',
  'a turn with neither content nor parent is refused');
select throws_ok($$select spec.ask('t6', 'chat', null,
    jsonb_build_object('parent_id', id('answer')))$$, 'PT422', 'invalid',
  'an answer cannot be answered again');
select throws_ok($$select spec.ask('t6', 'chat', 'Hm', jsonb_build_object('has_parent', true,
    'parent_id', id('far answer')))$$, 'PT404', 'message_not_found',
  'a parent in another tenant''s conversation is not there');
select throws_ok($$select spec.ask('t6', 'chat', null, jsonb_build_object('has_parent', true,
    'parent_id', id('question of far answer')))$$, 'PT404', 'message_not_found',
  'nor is such a question');
select create_conversation(jsonb_build_object('id', id('chat 2'), 'workspace_id', id('acme')));
select throws_ok($$select spec.ask('t6', 'chat 2', 'Hm', jsonb_build_object('has_parent', true,
    'parent_id', id('answer')))$$, 'PT404', 'message_not_found',
  'nor a parent in another conversation of one''s own');
select throws_ok($$select spec.ask('t1', 'chat 2', 'And with milk?')$$, 'PT409', 'id_reused',
  'a turn''s id is taken in the workspace''s other conversations too');

-- Content
select throws_ok(format('select spec.ask(%L, %L, null, %L)', 't7', 'chat',
    jsonb_build_object('content', content)), 'PT422', 'invalid', 'content refused: ' || content::text)
from unnest(array['""', '1', 'true', '{}', '[]', '[1]', '["a"]', '[{"type": "text"}]',
  '[{"type": "text", "text": ""}]', '[{"type": "text", "text": 1}]',
  '[{"type": "image_url", "image_url": {"url": "x"}}]']::jsonb[]) content;
select is(spec.ask('t8', 'chat 2', null, '{"content": [{"type": "text", "text": "Hi"}]}')
  -> 'user_message' -> 'content', '[{"type": "text", "text": "Hi"}]',
  'content parts are kept as they came');
select is(char_length(spec.ask('t9', 'chat 2', repeat('é', 200000)) -> 'user_message' ->> 'content'),
  200000, '200,000 characters are taken');
select throws_ok($$select spec.ask('t10', 'chat 2', repeat('é', 200001))$$, 'PT413',
  'content_too_large', 'one more is not');
select throws_ok($$select spec.ask('t10', 'chat', 'Hm', '{"sensitivity": "secret"}')$$, 'PT422',
  'invalid', 'a sensitivity that there is none of is refused');
select throws_ok($$select spec.ask('t10', 'chat', 'Hm', '{"turn_id": "7"}')$$, 'PT422', 'invalid',
  'an id that is no UUID is refused');
select throws_ok($$select spec.ask('t10', 'chat', 'Hm',
    jsonb_build_object('message_id', id('t10')))$$, 'PT422', 'invalid',
  'a question and its answer cannot share an id');

-- Who
select spec.act_as('vera');
select throws_ok($$select spec.ask('t11', 'chat', 'Hm')$$, 'PT403', 'role_required',
  'a viewer cannot ask');
select throws_ok($$select spec.ask('t1', 'chat', 'And with milk?')$$, 'PT403', 'role_required',
  'nor learn by trying whose turn ids are taken');
select spec.act_as('otto');
select throws_ok($$select spec.ask('t11', 'chat', 'Hm')$$, 'PT404', 'conversation_not_found',
  'to another tenant the conversation is not there');
select throws_ok($$select spec.ask('t11', 'nothing', 'Hm')$$, 'PT404', 'conversation_not_found',
  'just as one that never was');
select lives_ok($$select spec.ask('t1', 'far chat', 'Hm')$$,
  'an id that another tenant uses is free here');
select spec.act_as('anon');
select throws_ok($$select spec.ask('t11', 'chat', 'Hm')$$, '42501', null,
  'who is not signed in cannot call it');

-- The newest message is the newest that is left
select spec.act_as('olga');
delete from messages where id in (id('t8'), id('t9'), id('question of t9'));
select is(spec.ask('t12', 'chat 2', 'And?') -> 'user_message' ->> 'parent_id',
  (select question_id::text from turns where id = id('t8')), 'a deleted message has no followers');

select * from finish();
rollback;
