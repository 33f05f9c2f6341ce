-- A deleted row leaves a tombstone: its key, a new revision, and nothing that anyone wrote.
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

create temp table before as select value from hearth.workspace_revisions
  where workspace_id = id('acme');
grant select on before to public;

select spec.act_as('mira');
delete from messages where id = id('question of answer');
select results_eq($$select content, usage, decision, tokens, problem, deleted_at is not null,
    revision > value from messages, before where id = id('question of answer')$$,
  $$values ('""'::jsonb, null::jsonb, null::jsonb, null::int, null::jsonb, true, true)$$,
  'a deleted message says nothing, and has a new revision');
select is(jsonb_array_length(list_messages(jsonb_build_object('conversation_id', id('chat')))
  -> 'data'), 1, 'and is not listed');
select throws_ok($$select spec.ask('t1', 'chat', null,
    jsonb_build_object('parent_id', id('question of answer')))$$, 'PT404', 'message_not_found',
  'nor can it be answered');
select throws_ok($$select spec.ask('t1', 'chat', 'Hm', jsonb_build_object('has_parent', true,
    'parent_id', id('question of answer')))$$, 'PT404', 'message_not_found', 'or followed');
delete from messages where id = id('question of answer');
select is((select count(*) from messages where id = id('question of answer')), 1::bigint,
  'deleting it again does nothing');

select delete_conversation(jsonb_build_object('id', id('chat')));
select results_eq($$select title, system_prompt, model, deleted_at is not null
    from conversations where id = id('chat')$$, $$values (null::text, null::text, null::text, true)$$,
  'a deleted conversation says nothing');
select is((select count(*) from messages where conversation_id = id('chat')
  and (deleted_at is null or content <> '""' or usage is not null or decision is not null)), 0::bigint,
  'nor do its messages');
select is((select count(*) from turns where conversation_id = id('chat') and deleted_at is null),
  0::bigint, 'its turns are gone too');
select throws_ok(format('select %s(jsonb_build_object(%L, id(%L)))', f, field, what), 'PT404', code,
  f || ' does not find it')
from (values ('get_conversation', 'id', 'chat', 'conversation_not_found'),
  ('update_conversation', 'id', 'chat', 'conversation_not_found'),
  ('delete_conversation', 'id', 'chat', 'conversation_not_found'),
  ('list_messages', 'conversation_id', 'chat', 'conversation_not_found'),
  ('get_turn', 'id', 'answer', 'turn_not_found')) f (f, field, what, code);
select throws_ok($$select spec.ask('t1', 'chat', 'Hm')$$, 'PT404', 'conversation_not_found',
  'nor can anyone ask there');
select throws_ok($$insert into messages (workspace_id, conversation_id, content)
  values (id('acme'), id('chat'), '"Hm"')$$, 'PT404', 'conversation_not_found', 'or write there');
select throws_ok($$select create_conversation(jsonb_build_object('id', id('chat'),
  'workspace_id', id('acme'), 'title', 'Tea'))$$, 'PT409', 'id_reused', 'its id stays taken');
update conversations set title = 'Back' where id = id('chat');
select is((select title from conversations where id = id('chat')), null, 'and it stays empty');

-- A member who leaves
select remove_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('mira')));
select is((select count(*) from conversations where workspace_id = id('acme')), 0::bigint,
  'whoever leaves a workspace sees nothing of it');
select isnt((select deleted_at from workspace_members
    where (workspace_id, user_id) = (id('acme'), id('mira'))), null,
  'but that they have left');
select is(list_workspaces() -> 'data' @> jsonb_build_array(jsonb_build_object('id', id('acme'))),
  false, 'it is not in their list');
select spec.act_as('adam');
select add_member(jsonb_build_object('workspace_id', id('acme'), 'email', 'Mira@Example.com ',
  'role', 'viewer'));
select is((select role || ' ' || coalesce(deleted_at::text, 'back') from workspace_members
    where (workspace_id, user_id) = (id('acme'), id('mira'))), 'viewer back', 'one can come back');

-- A workspace that goes
select spec.act_as('olga');
select create_conversation(jsonb_build_object('id', id('last'), 'workspace_id', id('acme'),
  'title', 'Last'));
select spec.ask('t2', 'last', 'Bye');
select delete_workspace(jsonb_build_object('id', id('acme')));
select is((select count(*) from workspaces where id = id('acme')), 0::bigint,
  'a deleted workspace is gone for its members');
select throws_ok($$select get_workspace(jsonb_build_object('id', id('acme')))$$, 'PT404',
  'workspace_not_found', 'for its functions as well');
select throws_ok($$select create_workspace(jsonb_build_object('id', id('acme'), 'name', 'Acme'))$$,
  'PT409', 'id_reused', 'its id stays taken');
select spec.act_as_operator();
select is((select count(*) from messages where workspace_id = id('acme') and content <> '""')
    + (select count(*) from conversations where workspace_id = id('acme') and title is not null)
    + (select count(*) from workspaces where id = id('acme') and name <> '')
    + (select count(*) from workspace_members where workspace_id = id('acme') and deleted_at is null),
  0::bigint, 'and nothing of it can be read');
select is((select count(*) from messages where workspace_id = id('elsewhere') and deleted_at is null),
  2::bigint, 'nobody else lost anything');

-- The operator's programs take tombstones away for good
select spec.act_as('service');
delete from messages where conversation_id = id('chat') and deleted_at is not null;
select is_empty($$select from messages where conversation_id = id('chat')$$,
  'a tombstone that is deleted is gone');

select * from finish();
rollback;
