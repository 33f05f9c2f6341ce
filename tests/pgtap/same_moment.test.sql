-- What happens at the same moment: several sessions, each with transactions of its own. The sessions
-- see only what is committed, hence this file commits.
set search_path = spec, tap, public;
select no_plan();
begin;
select spec.make_world();
commit;
select spec.open(s, w) from (values ('a', 'mira'), ('b', 'mira'), ('c', 'olga'), ('d', 'adam'),
  ('far', 'otto')) sessions (s, w);

-- Revision order is commit order
create function pg_temp.seen() returns bigint language sql as
  $$select max(revision) from public.conversations where workspace_id = spec.id('acme')$$;
create temp table before as select pg_temp.seen() as revision;
select spec.tell('a', 'begin');
select spec.tell('a', $$update conversations set title = 'First' where id = spec.id('chat')$$);
select spec.start('c', $$select create_conversation(jsonb_build_object('id', spec.id('second'),
  'workspace_id', spec.id('acme'))) ->> 'revision'$$);
select ok(spec.waits('c'), 'a second writer in a workspace waits for the first to commit');
select is(pg_temp.seen(), revision, 'meanwhile a reader sees neither') from before;
select lives_ok($$select spec.tell('far', 'update conversations set title = ''Far''')$$,
  'another workspace''s writers wait for nobody');
select spec.tell('a', 'commit');
select cmp_ok((select revision from conversations where id = id('chat')), '<', spec.ended('c')::bigint,
  'whoever commits later has the higher revision');

-- A counter that another tenant holds
select spec.tell('a', 'begin');
select spec.tell('a', $$update conversations set title = 'Held' where id = spec.id('chat')$$);
select spec.tell('far', $$set lock_timeout = '1s'$$);
select is(spec.tell('far', format('insert into messages (workspace_id, conversation_id, content)
  values (%L, %L, %L)', id('acme'), id('chat'), '"Hi"')), '42501',
  'who is no member is refused without waiting for the workspace');
select is(spec.tell('far', format('insert into conversations (workspace_id) values (%L)', id('acme'))),
  '42501', 'for a conversation as well');
select spec.tell('a', 'rollback');

-- Four times the same turn
create temp table turn as select format($f$select spec.ask('four', 'chat', 'Four?')$f$) as it;
select spec.tell('c', 'begin'), spec.tell('c', $$update conversations set title = 'Busy'
  where id = spec.id('chat')$$);
select spec.open('t' || n, 'mira') from generate_series(1, 4) n;
select spec.start('t' || n, it) from turn, generate_series(1, 4) n;
select ok(spec.waits('t' || n), 'request ' || n || ' of four is under way') from generate_series(1, 4) n;
select spec.tell('c', 'commit');
create temp table answers as select spec.ended('t' || n)::jsonb as it from generate_series(1, 4) n;
select is((select count(*) from answers where (it ->> 'created')::boolean), 1::bigint,
  'the same turn four times at once is made once');
select is((select count(distinct it - 'created') from answers), 1::bigint, 'and all get the same answer');
select is((select count(*) from messages where parent_id = id('answer')), 1::bigint,
  'with one question');

-- Four times the same turn, in two conversations
select spec.tell('a', $$select create_conversation(jsonb_build_object('id', spec.id('other'),
  'workspace_id', spec.id('acme')))$$);
select spec.start('t1', $$select spec.ask('five', 'chat', 'Five?') ->> 'created'$$);
select spec.start('t2', $$select spec.ask('five', 'other', 'Five?', '{"message_id": null}') ->> 'created'$$);
select is((select array_agg(r order by r) from unnest(array[spec.ended('t1'), spec.ended('t2')]) r),
  array['PT409', 'true'], 'one id in two conversations at once: one is refused');

-- Two completions at once
create function pg_temp.completion(words text) returns text language sql as $$
  select format('select complete_turn(%L, %L, %L, %L, %s, %L) ->> %L', spec.id('acme'),
    spec.id('four'), spec.id('mira'), payload, expires, spec.sign('complete_turn',
      spec.id('acme'), spec.id('four'), spec.id('mira'), payload, expires), 'changed')
  from (select jsonb_build_object('status', 'completed', 'content', words)::text,
    spec.soon()) p (payload, expires)$$;
select spec.start('t1', pg_temp.completion('One')), spec.start('t2', pg_temp.completion('Two'));
select is((select array_agg(r order by r) from unnest(array[spec.ended('t1'), spec.ended('t2')]) r),
  array['false', 'true'], 'two completions at once: one counts');

-- Two owners who leave at once
select spec.tell('c', $$update workspace_members set role = 'owner' where user_id = spec.id('adam')$$);
select spec.tell('c', 'begin'), spec.tell('c', $$delete from workspace_members
  where (workspace_id, user_id) = (spec.id('acme'), spec.id('olga'))$$);
select spec.start('d', $$select remove_member(jsonb_build_object('workspace_id', spec.id('acme'),
  'user_id', spec.id('adam')))$$);
select ok(spec.waits('d'), 'two owners leave at once');
select spec.tell('c', 'commit');
select is(spec.ended('d'), 'PT409', 'and the second one stays');

-- A workspace that goes while somebody writes in it
select spec.tell('far', 'reset lock_timeout'), spec.tell('far', 'begin'), spec.tell('far',
  $$select 'held' from conversations where id = spec.id('far chat') for no key update$$);
select spec.open('far2', 'otto');
select spec.start('far2', $$select delete_workspace(jsonb_build_object('id', spec.id('elsewhere')))
  ->> 'deleted'$$);
select ok(spec.waits('far2'), 'a workspace is deleted while a conversation in it is held');
select is(spec.tell('far', $$update conversations set title = 'Last' where id = spec.id('far chat')$$),
  'UPDATE 1', 'whoever held it comes through');
select spec.tell('far', 'commit');
select is(spec.ended('far2'), 'true', 'and then it is deleted');
select is((select count(*) from messages where workspace_id = id('elsewhere') and deleted_at is null),
  0::bigint, 'with all that it held');

-- A home that is mended four times at once
alter table auth.users disable trigger user;
select spec.sign_up('nina');
alter table auth.users enable trigger user;
select spec.open('n' || n, 'nina') from generate_series(1, 4) n;
select spec.start('n' || n, $$select get_me() ->> 'personal_workspace_id'$$) from generate_series(1, 4) n;
create temp table homes as select spec.ended('n' || n) as home from generate_series(1, 4) n;
select results_eq($$select distinct home from homes$$,
  $$select id::text from workspaces where created_by = id('nina')$$,
  'a missing home that four requests mend at once is one');

-- Locks are taken in one order: everything at once on one conversation, and nobody deadlocks
create procedure spec.work(worker integer)
language plpgsql as $$
declare
  step text;
  steps text[] := array[
    $s$select spec.ask(%1$L, 'chat', 'Hi')$s$,
    $s$select spec.complete(%1$L, 'acme', 'adam', 'Ho')$s$,
    $s$select update_conversation(jsonb_build_object('id', spec.id('chat'), 'title', %1$L))$s$,
    $s$insert into messages (workspace_id, id, conversation_id, content)
      values (spec.id('acme'), spec.id('own ' || %1$L), spec.id('chat'), '"Hi"')$s$,
    $s$delete from messages where id = spec.id('own ' || %1$L)$s$,
    $s$select spec.ask('short ' || %1$L, 'chat', 'Hi', '{"lease_seconds": 1}')$s$,
    $s$select create_conversation(jsonb_build_object('id', spec.id(%1$L),
      'workspace_id', spec.id('acme')))$s$,
    $s$select spec.ask('in ' || %1$L, %1$L, 'Hi')$s$,
    $s$delete from messages where id in (spec.id(%1$L), spec.id('question of ' || %1$L))$s$,
    $s$select delete_conversation(jsonb_build_object('id', spec.id(%1$L)))$s$];
begin
  for round in 1 .. 8 loop
    foreach step in array steps loop
      execute format(step, worker || '.' || round);
      commit;
    end loop;
  end loop;
end
$$;
select spec.open('s' || n, 'adam') from generate_series(1, 6) n;
select spec.start('s' || n, format('call spec.work(%s)', n)) from generate_series(1, 6) n;
select is(spec.ended('s' || n), 'CALL', 'worker ' || n || ' of six comes through')
from generate_series(1, 6) n;

-- A polling reader misses nothing: what it saw below the newest revision is all there was
select is((select count(*) - count(distinct r) from (
    select revision r from conversations where workspace_id = id('acme') union all
    select revision from turns where workspace_id = id('acme') union all
    select revision from messages where workspace_id = id('acme')) r), 0::bigint,
  'and no revision was given twice');

select * from finish();
