-- Conversations and their messages through their functions, as the API calls them.
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

select spec.act_as('mira');
create temp table made as select create_conversation(jsonb_build_object('id', id('c1'),
  'workspace_id', id('acme'), 'title', 'One', 'system_prompt', 'Be brief', 'model', 'smol',
  'sensitivity', 'private')) as it;
select is(it - array['revision', 'created_at', 'updated_at'], jsonb_build_object('id', id('c1'),
    'workspace_id', id('acme'), 'title', 'One', 'system_prompt', 'Be brief', 'model', 'smol',
    'sensitivity', 'private', 'archived', false), 'a conversation is made as asked') from made;
select is(create_conversation(jsonb_build_object('id', id('c1'), 'workspace_id', id('acme'),
    'title', 'One', 'system_prompt', 'Be brief', 'model', 'smol', 'sensitivity', 'private')), it,
  'asked for again it is the same') from made;
select throws_ok($$select create_conversation(jsonb_build_object('id', id('c1'),
    'workspace_id', id('acme'), 'title', 'Two'))$$, 'PT409', 'id_reused', 'with another body it is not');
select update_conversation(jsonb_build_object('id', id('c1'), 'title', null, 'archived', true));
select results_eq($$select title, system_prompt, archived from conversations where id = id('c1')$$,
  $$values (null, 'Be brief', true)$$, 'a change touches what it names only');
select is(create_conversation(jsonb_build_object('id', id('c1'), 'workspace_id', id('acme'),
    'title', 'One', 'system_prompt', 'Be brief', 'model', 'smol', 'sensitivity', 'private'))
    ->> 'archived', 'true', 'a create repeated after a change shows the change');
select throws_ok(format('select create_conversation(%L)', body), 'PT422', 'invalid',
  'refused: ' || body::text)
from unnest(array['{"title": 7}', '{"sensitivity": "x"}', '{"id": "x"}', '{"workspace_id": 7}',
  '{"model": []}', jsonb_build_object('title', repeat('x', 501))]::jsonb[]) body;
select throws_ok($$select update_conversation(jsonb_build_object('id', id('c1'),
    'archived', 'no'))$$, 'PT422', 'invalid', 'archived is true or false');

-- The same id elsewhere says nothing about this one
select spec.act_as('otto');
select is(create_conversation(jsonb_build_object('id', id('c1'), 'workspace_id', id('elsewhere')))
  ->> 'workspace_id', id('elsewhere')::text, 'another tenant may use the same id');
select spec.act_as('mira');
select is(get_conversation(jsonb_build_object('id', id('c1'))) ->> 'workspace_id', id('acme')::text,
  'each sees their own');
select spec.act_as('otto');
select add_member(jsonb_build_object('workspace_id', id('elsewhere'), 'email', 'mira@example.com',
  'role', 'member'));
select spec.act_as('mira');
select is(get_conversation(jsonb_build_object('id', id('c1'))) ->> 'workspace_id', id('acme')::text,
  'nobody slips a copy under an id in use');
select is(spec.ask('t0', 'c1', 'Hi') ->> 'workspace_id', id('acme')::text, 'not for a turn either');
select is(get_conversation(jsonb_build_object('id', id('c1'), 'workspace_id', id('elsewhere')))
  ->> 'workspace_id', id('elsewhere')::text, 'who names the workspace gets the other');

-- Lists
select create_conversation(jsonb_build_object('id', id('l' || n), 'title', 'L' || n))
from generate_series(1, 7) n;
select update_conversation(jsonb_build_object('id', id('l3'), 'archived', true));
create temp table pages as
with recursive page as (
  select list_conversations('{"limit": 3}') as it
  union all
  select list_conversations(jsonb_build_object('limit', 3, 'cursor', it ->> 'next_cursor'))
  from page where it ->> 'next_cursor' is not null)
select it, row_number() over () n from page;
select is((select array_agg(c ->> 'title' order by n, i)
    from pages, jsonb_array_elements(it -> 'data') with ordinality d (c, i)),
  array['L3', 'L7', 'L6', 'L5', 'L4', 'L2', 'L1'], 'the newest change first, of Personal by default');
select is(jsonb_array_length(list_conversations('{"archived": true}') -> 'data'), 1,
  'those put away can be asked for');
select is(jsonb_array_length(list_conversations('{"archived": false}') -> 'data'), 6,
  'or left out');

-- Messages
select create_conversation(jsonb_build_object('id', id('m'), 'workspace_id', id('acme')));
select spec.ask('m' || n, 'm', 'Q' || n), spec.complete('m' || n, 'acme', 'mira', 'A' || n)
from generate_series(1, 4) n;
create temp table message_pages as
with recursive page as (
  select list_messages(jsonb_build_object('conversation_id', id('m'), 'limit', 3)) as it
  union all
  select list_messages(jsonb_build_object('conversation_id', id('m'), 'limit', 3,
    'cursor', it ->> 'next_cursor')) from page where it ->> 'next_cursor' is not null)
select it, row_number() over () n from page;
select is((select array_agg(page order by n) from (select n, string_agg(m ->> 'content', ' ' order by i) page
    from message_pages, jsonb_array_elements(it -> 'data') with ordinality d (m, i) group by n) p),
  array['A3 Q4 A4', 'Q2 A2 Q3', 'Q1 A1'], 'the newest page first, the oldest first within it');
select throws_ok($$select list_messages(jsonb_build_object('conversation_id', id('m'),
    'cursor', 'x'))$$, 'PT422', 'invalid', 'a cursor is one that the list gave');
select spec.act_as('vera');
select is(jsonb_array_length(list_messages(jsonb_build_object('conversation_id', id('m'))) -> 'data'), 8,
  'a viewer reads');

-- Straight at the tables, as supabase-js does
select spec.act_as('mira');
insert into messages (workspace_id, id, conversation_id, parent_id, content)
  values (id('acme'), id('own'), id('m'), id('m4'), '"Mine"');
select is((select author_id from messages where id = id('own')), id('mira'),
  'a message of one''s own is in one''s name');
select throws_ok(format('insert into messages (workspace_id, conversation_id, content)
    values (id(%L), id(%L), %L)', 'acme', 'm', content), '23514', null,
  'the table refuses the content ' || content::text)
from unnest(array['""', '7', '[]', '{}', '[{"type": "image_url"}]']::jsonb[]) content;

select * from finish();
rollback;
