-- Sign-up: what a new user gets, and that nothing of it stands in their way.
begin;
set local search_path = spec, tap, public;
select no_plan();

select spec.sign_up('nina');
select results_eq($$select email, display_name from profiles where user_id = id('nina')$$,
  $$values ('nina@example.com', 'nina')$$, 'a new user has a profile');
select results_eq($$select w.name, w.kind, m.role from workspaces w
    join workspace_members m on m.workspace_id = w.id where m.user_id = id('nina')$$,
  $$values ('Personal', 'personal', 'owner')$$, 'and owns one workspace, Personal');
select is((select count(*) from workspace_policies join workspaces on id = workspace_id
    where created_by = id('nina')), 1::bigint, 'which has a policy');
select spec.act_as('nina');
select is(get_me() - array['revision', 'created_at', 'updated_at'], jsonb_build_object(
    'user_id', id('nina'), 'email', 'nina@example.com', 'display_name', 'nina',
    'personal_workspace_id', (select w.id from workspaces w)), 'get_me says so');
select is(jsonb_array_length(list_workspaces() -> 'data'), 1, 'so does list_workspaces');

-- As Supabase Auth's own role, which has no rights here
select spec.act_as_operator();
set local role supabase_auth_admin;
select lives_ok($$insert into auth.users (id, email) values (md5('nora')::uuid, 'nora@example.com')$$,
  'Supabase Auth''s role signs someone up');
reset role;
select isnt_empty($$select from workspaces where created_by = id('nora')$$, 'they get their workspace');
select lives_ok(format('insert into auth.users (email, raw_user_meta_data) values (%L, %L)',
    'odd' || n || '@example.com', meta), 'odd metadata signs up: ' || left(meta, 30))
from (values (1, '{"display_name": 7}'), (2, '{"name": ["x"]}'), (3, '[]'), (4, '"text"'),
  (5, jsonb_build_object('display_name', repeat('x', 5000))::text)) odd (n, meta);
select is((select count(*) from profiles where email like 'odd%'), 5::bigint, 'with a profile each');

-- A trigger that is broken in any way
set local client_min_messages = error;
alter table workspaces add constraint broken check (name <> 'Personal') not valid;
select lives_ok($$select spec.sign_up('broken one')$$, 'a trigger that fails blocks no sign-up');
select is_empty($$select from profiles where user_id = id('broken one')$$, 'it leaves nothing half done');
alter table workspaces drop constraint broken;
alter function hearth.make_home(uuid, text, jsonb) rename to make_home_gone;
select lives_ok($$select spec.sign_up('broken two')$$, 'nor does one whose function is missing');
alter function hearth.make_home_gone(uuid, text, jsonb) rename to make_home;
alter table profiles rename to profiles_gone;
select lives_ok($$select spec.sign_up('broken three')$$, 'or whose table is');
alter table profiles_gone rename to profiles;
set local client_min_messages = warning;

-- What is missing is made on the first call, whichever that is
select spec.act_as('broken one');
select is(get_me() ->> 'email', 'broken one@example.com', 'get_me mends it');
select is(get_me() ->> 'personal_workspace_id', get_me() ->> 'personal_workspace_id', 'once');
select spec.act_as('broken two');
create temp table made as select create_conversation(jsonb_build_object('id', id('two'))) as it;
select is(it ->> 'workspace_id', (select id::text from workspaces where created_by = id('broken two')),
  'so does a first conversation') from made;
select spec.act_as_operator();
alter table workspace_members disable trigger user;
delete from workspace_members where user_id = id('broken two');
alter table workspace_members enable trigger user;
select spec.act_as('broken two');
select throws_ok($$select get_conversation(jsonb_build_object('id', id('two')))$$, 'PT404',
  'conversation_not_found', 'without the membership nothing is there');
select is(spec.ask('t1', 'two', 'Hi') ->> 'created', 'true', 'begin_turn mends that as well');
select spec.act_as('broken three');
select is(begin_completion() ->> 'role', 'owner', 'and begin_completion everything');
select is(jsonb_array_length(list_conversations() -> 'data'), 0, 'list_conversations too');

-- Whoever is gone gets nothing
select spec.act_as('nobody');
select throws_ok($$select get_me()$$, 'PT401', 'invalid_credential',
  'a token of an account that is not there is refused');
select throws_ok($$select spec.ask('t2', 'two', 'Hi')$$, 'PT401', 'invalid_credential',
  'by begin_turn as well');
select spec.act_as_operator();
select is_empty($$select from workspaces where created_by = id('nobody')$$, 'and makes nothing');

-- Changes of the account
update auth.users set email = 'nina@example.org' where id = id('nina');
select is((select email from profiles where user_id = id('nina')), 'nina@example.org',
  'the profile follows a changed address');
select lives_ok($$delete from auth.users where id = id('nina')$$, 'an account can be deleted');
select is((select array[email, display_name] from profiles where user_id = id('nina')),
  array[null, null]::text[], 'the profile is a tombstone then');
select is_empty($$select from workspaces where created_by = id('nina') and deleted_at is null$$,
  'and so is Personal');
select spec.act_as('nina');
select throws_ok($$select get_me()$$, 'PT401', 'invalid_credential', 'the token is worth nothing');

select * from finish();
rollback;
