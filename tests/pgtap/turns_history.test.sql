-- What begin_turn tells of a conversation: how much, in which order, and how private it is.
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

create function pg_temp.turn(n integer, content text, more jsonb default '{}') returns jsonb
language plpgsql as $$
declare
  it jsonb := spec.ask('h' || n, 'long', content);
begin
  perform spec.complete('h' || n, 'acme', 'mira', 'Answer ' || n || '.', more);
  return it;
end
$$;

select spec.act_as('mira');
select create_conversation(jsonb_build_object('id', id('long'), 'workspace_id', id('acme')));
select pg_temp.turn(n, repeat('x', 2000)) from generate_series(1, 40) n;

create temp table told as select spec.ask('h41', 'long', 'Now?') as it;
select is(it ->> 'history_cut', 'true', 'a long history is cut') from told;
select cmp_ok(octet_length(it ->> 'history'), '<=', 65536, 'to 64 KB') from told;
select cmp_ok(octet_length(it ->> 'history'), '>=', 60000, 'and not to much less') from told;
select is(it -> 'history' -> -1 ->> 'content', 'Answer 40.', 'the newest is kept') from told;
select is(it -> 'history' -> -2 ->> 'id', id('question of h40')::text, 'in order') from told;
select is(jsonb_array_length(spec.ask('h42', 'long', 'Now?', jsonb_build_object('history_bytes',
  1000, 'has_parent', true, 'parent_id', id('h40'))) -> 'history'), 1, 'it can be asked for less');
select is(spec.ask('h43', 'long', 'Now?', jsonb_build_object('history_bytes', 0,
    'has_parent', true, 'parent_id', id('h40'))) -> 'history', '[]', 'down to nothing');

-- What is not in it
select create_conversation(jsonb_build_object('id', id('short'), 'workspace_id', id('acme')));
select spec.ask('s1', 'short', 'One');
select spec.complete('s1', 'acme', 'mira', 'Half an answ', '{"status": "failed",
  "problem": {"code": "provider_failed"}}');
select spec.ask('s2', 'short', 'Two');
select spec.complete('s2', 'acme', 'mira', 'Stopped h', '{"status": "cancelled"}');
select spec.ask('s3', 'short', 'Three');
select is((select array_agg(e ->> 'content') from jsonb_array_elements(
    spec.ask('s4', 'short', 'Four') -> 'history') e),
  array['One', 'Two', 'Stopped h', 'Three'],
  'failed answers and those that say nothing yet are left out; those cut short are not');
delete from messages where id = id('question of s2');
select is((select array_agg(e ->> 'content') from jsonb_array_elements(
    spec.ask('s5', 'short', 'Five') -> 'history') e),
  array['One', 'Stopped h', 'Three', 'Four'], 'so are tombstones, without cutting the line');

-- How private it is
select is(spec.ask('p1', 'short', 'Psst', '{"sensitivity": "private"}') ->> 'sensitivity',
  'private', 'a private question makes a private turn');
select is((select array_agg(sensitivity) from messages where id in (id('p1'), id('question of p1'))),
  array['private', 'private'], 'and its answer is private too');
select is(spec.ask('p2', 'short', 'Well?') ->> 'sensitivity', 'private',
  'so is every turn with it in its history');
select is((select sensitivity from messages where id = id('question of p2')), 'normal',
  'though the question itself is not');
select is(spec.ask('p3', 'short', 'Well?', jsonb_build_object('has_parent', true,
    'parent_id', id('question of s4'))) ->> 'sensitivity', 'normal',
  'a branch from before it is not private');
select is(spec.ask('p4', 'short', null, jsonb_build_object('parent_id', id('question of p1')))
  ->> 'sensitivity', 'private', 'a private question answered again is private');
select is(spec.ask('p5', 'short', null, jsonb_build_object('parent_id', id('question of s4'),
  'sensitivity', 'private')) ->> 'sensitivity', 'private',
  'a question answered again in private is private');
select create_conversation(jsonb_build_object('id', id('diary'), 'workspace_id', id('acme'),
  'sensitivity', 'private'));
select is(spec.ask('p6', 'diary', 'Dear diary') ->> 'sensitivity', 'private',
  'all of a private conversation is');
select is((select sensitivity from messages where id = id('question of p6')), 'private',
  'and stays so');
select update_conversation(jsonb_build_object('id', id('diary'), 'sensitivity', 'normal'));
select is(spec.ask('p7', 'diary', 'And now?') ->> 'sensitivity', 'private',
  'even when the conversation is opened up later');

select * from finish();
rollback;
