-- Revisions: each write raises its workspace's, and no other's.
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

create function pg_temp.now_at(workspace text) returns bigint language sql as
  $$select value from hearth.workspace_revisions where workspace_id = spec.id(workspace)$$;

create temp table seen as select pg_temp.now_at('acme') as acme, pg_temp.now_at('elsewhere') as far;
grant all on seen to public;

select is((select max(r) from (
    select revision r from workspaces where id = id('acme') union all
    select revision from workspace_members where workspace_id = id('acme') union all
    select revision from workspace_policies where workspace_id = id('acme') union all
    select revision from conversations where workspace_id = id('acme') union all
    select revision from turns where workspace_id = id('acme') union all
    select revision from messages where workspace_id = id('acme')) r), acme,
  'the counter is the newest row''s revision') from seen;
select is((select count(*) - count(distinct r) from (
    select revision r from workspaces where id = id('acme') union all
    select revision from workspace_members where workspace_id = id('acme') union all
    select revision from workspace_policies where workspace_id = id('acme') union all
    select revision from conversations where workspace_id = id('acme') union all
    select revision from turns where workspace_id = id('acme') union all
    select revision from messages where workspace_id = id('acme')) r), 0::bigint,
  'no two rows of a workspace share a revision');

select spec.act_as('mira');
insert into messages (workspace_id, id, conversation_id, content)
  values (id('acme'), id('m1'), id('chat'), '"One"'), (id('acme'), id('m2'), id('chat'), '"Two"');
select is((select array_agg(revision - acme order by revision) from messages, seen
    where id in (id('m1'), id('m2'))), array[1, 2]::bigint[], 'each row has one of its own, in order');
select is((select array_agg(position - acme order by revision) from messages, seen
    where id in (id('m1'), id('m2'))), array[1, 2]::bigint[],
  'a message''s place is the revision at which it was made');
update conversations set title = 'T' where id = id('chat');
select is((select revision - acme from conversations, seen where id = id('chat')), 3::bigint,
  'a change has one');
select is((select updated_at from conversations where id = id('chat')), now(), 'and a time');
delete from messages where id = id('m1');
select is((select revision - acme from messages, seen where id = id('m1')), 4::bigint,
  'so has a deletion');
select is((select position - acme from messages, seen where id = id('m1')), 1::bigint,
  'which leaves the message''s place');
select spec.act_as_operator();
select is(pg_temp.now_at('elsewhere'), far, 'other workspaces'' counters have not moved') from seen;

-- If-Match
select spec.act_as('mira');
select throws_ok($$select update_conversation(jsonb_build_object('id', id('chat'), 'title', 'Late',
    'if_revision', (select acme from seen)))$$, 'PT412', 'stale_revision',
  'a write that saw an older revision is refused');
select is(update_conversation(jsonb_build_object('id', id('chat'), 'title', 'Now',
    'if_revision', (select revision from conversations where id = id('chat')))) ->> 'title', 'Now',
  'one that saw the newest is not');
select throws_ok($$select delete_conversation(jsonb_build_object('id', id('chat'),
    'if_revision', 1))$$, 'PT412', 'stale_revision', 'deletions ask as well');
select throws_ok($$select update_me('{"display_name": "M", "if_revision": 99}')$$, 'PT412',
  'stale_revision', 'so do people');
select is(update_me('{"display_name": "Mira M."}') ->> 'revision', '2',
  'a profile has revisions of its own');
select is((select revision from profiles where user_id = id('mira')), 2::bigint,
  'which count that person''s changes only');

select * from finish();
rollback;
