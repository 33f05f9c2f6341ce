-- Who may call which function, and how the functions are made.
begin;
set local search_path = spec, tap, public;
select no_plan();

create temp table callers (name text, anon boolean, authenticated boolean, service_role boolean);
insert into callers values
  -- function                 anon   signed in  service
  ('get_me',                  false, true,      false),
  ('update_me',               false, true,      false),
  ('list_workspaces',         false, true,      false),
  ('create_workspace',        false, true,      false),
  ('get_workspace',           false, true,      false),
  ('update_workspace',        false, true,      false),
  ('delete_workspace',        false, true,      false),
  ('list_members',            false, true,      false),
  ('add_member',              false, true,      false),
  ('update_member',           false, true,      false),
  ('remove_member',           false, true,      false),
  ('get_policy',              false, true,      false),
  ('put_policy',              false, true,      false),
  ('list_conversations',      false, true,      false),
  ('create_conversation',     false, true,      false),
  ('get_conversation',        false, true,      false),
  ('update_conversation',     false, true,      false),
  ('delete_conversation',     false, true,      false),
  ('list_messages',           false, true,      false),
  ('begin_turn',              false, true,      false),
  ('get_turn',                false, true,      false),
  ('begin_completion',        false, true,      false),
  -- Signed by the server, hence open to all
  ('complete_turn',           true,  true,      false),
  ('record_completion',       true,  true,      false),
  -- Says nothing
  ('touch',                   true,  true,      false),
  -- The operator's programs
  ('trim_audit_log',          false, false,     true);

select is(has_function_privilege(r.role, p.oid, 'execute'), r.expected,
  format('%s %s %s', r.role, case when r.expected then 'may call' else 'may not call' end, c.name))
from callers c
join pg_proc p on p.proname = c.name and p.pronamespace = 'public'::regnamespace
cross join lateral (values ('anon', anon), ('authenticated', authenticated),
  ('service_role', service_role)) r (role, expected);
select set_eq($$select proname::text from pg_proc where pronamespace = 'public'::regnamespace$$,
  'select name from callers', 'there are no other functions in public');
select is_empty($$select proname from pg_proc where pronamespace = 'public'::regnamespace
  group by proname having count(*) > 1$$, 'and none has two signatures, which PostgREST must choose from');

select set_eq(
  $$select p.proname::text from pg_proc p where p.pronamespace = 'hearth'::regnamespace
      and has_function_privilege('anon', p.oid, 'execute')$$,
  array['uuid_v7', 'rfc3339'], 'who is not signed in may call nothing private that reads');
select set_eq(
  $$select p.proname::text from pg_proc p where p.pronamespace = 'hearth'::regnamespace
      and p.prosecdef and has_function_privilege('authenticated', p.oid, 'execute')$$,
  array['my_workspaces', 'my_role', 'my_colleagues', 'ensure_home'],
  'what users may call with the owner''s rights tells of nobody but themselves');
select is_empty(
  $$select p.oid::regprocedure from pg_proc p
    where p.pronamespace in ('public'::regnamespace, 'hearth'::regnamespace)
      and p.prosqlbody is null
      and not coalesce(p.proconfig @> array['search_path="", pg_temp'], false)$$,
  'every function has a search path that nobody can change');
select is_empty(
  $$select p.oid::regprocedure from pg_proc p
    where p.pronamespace in ('public'::regnamespace, 'hearth'::regnamespace)
      and p.proowner <> 'postgres'::regrole$$,
  'and belongs to a role without superuser');
select ok(not rolsuper, 'which it is') from pg_roles where rolname = 'postgres';

-- With the key away, nothing is taken for signed
delete from hearth.secrets;
select spec.act_as('anon');
select throws_ok($$select complete_turn(null, null, null, null, null, null)$$, 'PT403',
  'signature_invalid', 'without a key nothing is signed');
select throws_ok(format('select complete_turn(%L, %L, %L, %L, %s, %L)', id('w'), id('t'), id('u'), '{}',
    soon(), encode(hmac, 'hex')), 'PT403', 'signature_invalid', 'not even with an empty one')
from sha256('') hmac;

select * from finish();
rollback;
