-- A type or table that someone made in their session's temporary schema is not taken for the real one
-- by a function that runs with its owner's rights. In a session of its own, since a function that was
-- called once keeps what it found.
set search_path = spec, tap, public;
select no_plan();
begin;
select spec.make_world();
commit;

select spec.open('mira', 'mira');
select is(spec.tell('mira', statement), done, 'a session may make: ' || left(statement, 40))
from (values
  ($$create function pg_temp.taken(x text) returns boolean language plpgsql as
    'begin raise exception ''a temporary type was used as %'', current_user; end'$$, 'CREATE FUNCTION'),
  ('create domain pg_temp.uuid as pg_catalog.uuid check (pg_temp.taken(value::pg_catalog.text))', 'CREATE DOMAIN'),
  ('create domain pg_temp.jsonb as pg_catalog.jsonb check (pg_temp.taken(value::pg_catalog.text))', 'CREATE DOMAIN'),
  ('create domain pg_temp.text as pg_catalog.text check (pg_temp.taken(value))', 'CREATE DOMAIN'),
  ('create temp table messages ()', 'CREATE TABLE'),
  ('create temp table workspace_members ()', 'CREATE TABLE')) made (statement, done);

create function pg_temp.call(f text, p jsonb) returns text language sql as
  $$select left(spec.tell('mira', format('select public.%I(%L)', f, p)), 1)$$;
select is(pg_temp.call(f, p), '{', f || ' does not see it')
from (values
  ('begin_turn', jsonb_build_object('turn_id', id('t1'), 'conversation_id', id('chat'),
    'content', 'Hi', 'request_digest', 'x')),
  ('get_me', '{}'), ('update_me', '{"display_name": "M"}'),
  ('create_workspace', '{"name": "W"}'), ('list_workspaces', '{}'),
  ('list_members', jsonb_build_object('workspace_id', id('acme'))),
  ('create_conversation', '{"title": "T"}'), ('list_conversations', '{}'),
  ('list_messages', jsonb_build_object('conversation_id', id('chat'))),
  ('delete_conversation', jsonb_build_object('id', id('chat'))),
  ('begin_completion', '{}')) calls (f, p);

select * from finish();
