-- The OpenAI-compatible routes: on what terms, and what it took. Nothing of what was said.
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

select spec.act_as('mira');
create temp table home as select get_me() ->> 'personal_workspace_id' as id;
select is(begin_completion() ->> 'workspace_id', home.id, 'Personal, unless another is named') from home;
select is(begin_completion(jsonb_build_object('workspace_id', id('acme'))),
  jsonb_build_object('workspace_id', id('acme'), 'user_id', id('mira'), 'role', 'member',
    'policy', get_policy(jsonb_build_object('workspace_id', id('acme'))),
    'flags', '{"tea": true}'::jsonb, 'limits', '{}'::jsonb, 'quotas', '{}'::jsonb),
  'with everything that a decision needs');
select spec.act_as('vera');
select throws_ok($$select begin_completion(jsonb_build_object('workspace_id', id('acme')))$$, 'PT403',
  'role_required', 'a viewer cannot ask');
select spec.act_as('otto');
select throws_ok($$select begin_completion(jsonb_build_object('workspace_id', id('acme')))$$, 'PT404',
  'workspace_not_found', 'to another tenant the workspace is not there');

-- A flag for one workspace goes before the one for all
select spec.act_as_operator();
insert into feature_flags (name, workspace_id, enabled, payload) values
  ('all', null, true, '{"n": 1}'), ('not.here', null, true, null), ('not.here', id('acme'), false, null),
  ('here', null, false, null), ('here', id('acme'), true, '7'), ('off', null, false, null);
select spec.act_as('mira');
select is(begin_completion(jsonb_build_object('workspace_id', id('acme'))) -> 'flags',
  '{"all": {"n": 1}, "here": 7, "tea": true}', 'a flag for one workspace goes before the one for all');

-- What it took
create function pg_temp.record(completion text, workspace text, purpose text default 'record_completion',
  late integer default 0) returns jsonb
language sql as $$
  select public.record_completion(spec.id(workspace), spec.id(completion), spec.id('mira'), payload,
    expires, spec.sign(purpose, spec.id(workspace), spec.id(completion), spec.id('mira'), payload, expires))
  from (select '{"usage": {"prompt_tokens": 5, "completion_tokens": 6}, "duration_ms": 10,
      "decision": {"provider": "home", "model": "smol", "locality": "local", "reasons": ["r"],
      "rejected": []}}', spec.soon() - late) p (payload, expires)
$$;
select spec.act_as('anon');
select is(pg_temp.record('c1', 'acme'), '{"recorded": true}', 'the server records a completion');
select is(pg_temp.record('c1', 'acme'), '{"recorded": false}', 'once');
select throws_ok($$select pg_temp.record('c2', 'acme', 'complete_turn')$$, 'PT403', 'signature_invalid',
  'not with a signature for something else');
select throws_ok($$select pg_temp.record('c2', 'acme', late => 61)$$, 'PT403', 'signature_invalid',
  'nor with one that has expired');
select throws_ok($$select pg_temp.record('c2', 'never was')$$, 'PT404', 'workspace_not_found',
  'nor where there is no workspace');
select spec.act_as('mira');
select results_eq($$select kind, provider, prompt_tokens, completion_tokens, duration_ms from provider_usage
    where id = id('c1')$$, $$values ('completion', 'home', 5::bigint, 6::bigint, 10::float8)$$,
  'one sees what one used');
select spec.act_as('adam');
select results_eq($$select kind, model, reasons from routing_decisions where id = id('c1')$$,
  $$values ('completion', 'smol', '["r"]'::jsonb)$$, 'and an admin why that model');

select * from finish();
rollback;
