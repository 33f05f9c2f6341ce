-- The audit log: written by triggers, changed by nobody, trimmed by one function.
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

select spec.act_as('adam');
select update_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('vera'),
  'role', 'member'));
select results_eq($$select actor, subject, changes from audit_log where action = 'member.updated'$$,
  $$values (id('adam'), id('vera')::text, '{"role": {"from": "viewer", "to": "member"}}'::jsonb)$$,
  'a changed role is logged: who, whose, from what to what');
select put_policy(jsonb_build_object('workspace_id', id('acme'), 'on_prem_only', true));
select is((select changes -> 'on_prem_only' from audit_log where action = 'policy.updated'),
  '{"from": false, "to": true}', 'so is a changed policy');
select remove_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('vera')));
select is((select actor from audit_log where action = 'member.deleted'), id('adam'),
  'and a member''s removal');
select update_workspace(jsonb_build_object('id', id('acme'), 'name', 'Acme & Co'));
select is((select changes #>> '{name,to}' from audit_log where action = 'workspace.updated'),
  'Acme & Co', 'and a new name');

select update_conversation(jsonb_build_object('id', id('chat'), 'title', 'Sekrit title',
  'system_prompt', 'Sekrit prompt', 'sensitivity', 'private'));
select is((select changes from audit_log where action = 'conversation.updated'),
  '{"title": "changed", "system_prompt": "changed",
    "sensitivity": {"from": "normal", "to": "private"}}',
  'of a conversation''s words only that they changed');
select spec.ask('t1', 'chat', 'Sekrit question');
select spec.complete('t1', 'acme', 'adam', 'Sekrit answer');
select is((select count(*) from audit_log where action = 'conversation.updated'), 1::bigint,
  'a turn is no change to its conversation');
delete from messages where id = id('t1');
select is((select subject from audit_log where action = 'message.deleted'), id('t1')::text,
  'a deleted message is logged');
select delete_conversation(jsonb_build_object('id', id('chat')));
select is((select count(*) from audit_log where action = 'conversation.deleted'), 1::bigint,
  'and a deleted conversation');
select spec.act_as_operator();
select is_empty($$select from audit_log a where a::text ilike '%sekrit%' or a::text like '%Which%'
  or a::text like '%Tea%'$$, 'nothing that anyone wrote is in the log');
update feature_flags set enabled = false where name = 'tea';
select is((select changes from audit_log where action = 'feature_flag.updated'),
  '{"enabled": {"from": true, "to": false}}', 'a flag that is switched is logged');
select is((select actor from audit_log where action = 'feature_flag.updated'), null,
  'as done by no user');

-- Nobody changes it, its owner included
select throws_ok('update public.audit_log set actor = null', '42501', null, 'it is not updated');
select throws_ok('delete from public.audit_log', '42501', null, 'nor deleted from');
select throws_ok('truncate public.audit_log', '42501', null, 'nor emptied');
set local role postgres;
select throws_ok('delete from public.audit_log', '42501', null, 'by the tables'' owner neither');
reset role;
select spec.act_as('service');
select set_config('hearth.trimming_audit_log', 'yes', true);
select throws_ok('delete from public.audit_log', '42501', null,
  'nor by one who sets what the retention function sets');
select set_config('hearth.trimming_audit_log', '', true);

-- Retention
select spec.act_as_operator();
insert into audit_log (at, action) values (now() - interval '401 days', 'ancient'),
  (now() - interval '399 days', 'old');
select spec.act_as('service');
select is(trim_audit_log(), '{"trimmed": 1}', 'the retention function trims what is too old');
select is_empty($$select from audit_log where action = 'ancient'$$, 'it is gone');
select isnt_empty($$select from audit_log where action = 'old'$$, 'what is young enough is not');
select results_eq($$select changes from audit_log where action = 'audit_log.trimmed'$$,
  $$values ('{"keep_days": 400, "entries": 1}'::jsonb)$$, 'and it logs itself');
select throws_ok('delete from public.audit_log', '42501', null, 'the door is shut behind it');
select throws_ok($$select trim_audit_log('{"keep_days": 1}')$$, 'PT422', 'invalid',
  'a month is kept at least');
select spec.act_as_operator();
select throws_ok('delete from public.audit_log', '42501', null, 'for the owner as well');
select spec.act_as('olga');
select throws_ok($$select trim_audit_log()$$, '42501', null, 'users cannot call it');

select * from finish();
rollback;
