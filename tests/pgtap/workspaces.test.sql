-- Workspaces, members and policies through their functions, as the API calls them.
begin;
set local search_path = spec, tap, public;
select no_plan();
select spec.make_world();

-- Workspaces
select spec.act_as('olga');
select is(create_workspace(jsonb_build_object('id', id('acme'), 'name', 'Acme')) ->> 'role', 'owner',
  'a create that is repeated has the effect of one');
select throws_ok($$select create_workspace(jsonb_build_object('id', id('acme'), 'name', 'Other'))$$,
  'PT409', 'id_reused', 'with another body it is refused');
select throws_ok($$select create_workspace(jsonb_build_object('id', id('elsewhere'), 'name', 'Else'))$$,
  'PT409', 'id_reused', 'so is an id that someone else has');
select throws_ok($$select create_workspace('{"name": "  "}')$$, 'PT422', 'invalid',
  'a name says something');
select throws_ok($$select create_workspace(jsonb_build_object('name', repeat('x', 201)))$$, 'PT422',
  'invalid', 'and not too much');
select set_eq($$select jsonb_object_keys(get_workspace(jsonb_build_object('id', id('acme'))))$$,
  array['id', 'name', 'kind', 'role', 'revision', 'created_at', 'updated_at'],
  'a workspace has these fields');
select throws_ok($$select delete_workspace(jsonb_build_object('id',
    get_me() ->> 'personal_workspace_id'))$$, 'PT409', 'personal_workspace', 'Personal stays');

-- Pages
select create_workspace(jsonb_build_object('name', 'W' || n)) from generate_series(1, 5) n;
create temp table pages as
with recursive page as (
  select list_workspaces('{"limit": 3}') as it
  union all
  select list_workspaces(jsonb_build_object('limit', 3, 'cursor', it ->> 'next_cursor'))
  from page where it ->> 'next_cursor' is not null)
select it from page;
select is((select array_agg(jsonb_array_length(it -> 'data')) from pages), array[3, 3, 1],
  'a list comes in pages');
select is((select count(distinct w ->> 'id') from pages, jsonb_array_elements(it -> 'data') w),
  7::bigint, 'each row once');
select throws_ok(format('select list_workspaces(%L)', jsonb_build_object('cursor', c)), 'PT422',
  'invalid', 'no cursor: ' || c) from unnest(array['', 'x', '7', 'ff', '3030', repeat('30', 99)]) c;
select is(jsonb_array_length(list_workspaces('{"limit": 0}') -> 'data'), 1, 'a page has a row at least');

-- Members, as each of them
select is((select array_agg((m ->> 'email') || ' ' || (m ->> 'role') order by m ->> 'email')
    from jsonb_array_elements(list_members(jsonb_build_object('workspace_id', id('acme'))) -> 'data') m),
  array['adam@example.com admin', 'mira@example.com member', 'olga@example.com owner',
    'vera@example.com viewer'], 'members are listed by address and role');
select spec.act_as('vera');
select is(jsonb_array_length(list_members(jsonb_build_object('workspace_id', id('acme'), 'limit', 2))
  -> 'data'), 2, 'a viewer sees them, by the page');
create temp table refusals (who text, what text, code text, stable text);
insert into refusals values
  ('vera', $$update_workspace(jsonb_build_object('id', id('acme'), 'name', 'V'))$$, 'PT403', 'role_required'),
  ('vera', $$put_policy(jsonb_build_object('workspace_id', id('acme')))$$, 'PT403', 'role_required'),
  ('vera', $$create_conversation(jsonb_build_object('workspace_id', id('acme')))$$, 'PT403', 'role_required'),
  ('vera', $$update_conversation(jsonb_build_object('id', id('chat'), 'title', 'V'))$$, 'PT403', 'role_required'),
  ('vera', $$delete_conversation(jsonb_build_object('id', id('chat')))$$, 'PT403', 'role_required'),
  ('vera', $$begin_completion(jsonb_build_object('workspace_id', id('acme')))$$, 'PT403', 'role_required'),
  ('mira', $$add_member(jsonb_build_object('workspace_id', id('acme'), 'email', 'otto@example.com', 'role', 'viewer'))$$, 'PT403', 'role_required'),
  ('mira', $$update_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('mira'), 'role', 'owner'))$$, 'PT403', 'role_required'),
  ('mira', $$remove_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('vera')))$$, 'PT403', 'role_required'),
  ('adam', $$delete_workspace(jsonb_build_object('id', id('acme')))$$, 'PT403', 'role_required'),
  ('adam', $$add_member(jsonb_build_object('workspace_id', id('acme'), 'email', 'otto@example.com', 'role', 'owner'))$$, 'PT403', 'role_required'),
  ('adam', $$update_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('adam'), 'role', 'owner'))$$, 'PT403', 'role_required'),
  ('adam', $$update_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('olga'), 'role', 'viewer'))$$, 'PT403', 'role_required'),
  ('adam', $$remove_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('olga')))$$, 'PT403', 'role_required'),
  ('adam', $$add_member(jsonb_build_object('workspace_id', id('acme'), 'email', 'mira@example.com', 'role', 'admin'))$$, 'PT409', 'already_member'),
  ('adam', $$add_member(jsonb_build_object('workspace_id', id('acme'), 'email', 'who@example.com', 'role', 'viewer'))$$, 'PT404', 'member_not_found'),
  ('adam', $$add_member(jsonb_build_object('workspace_id', id('acme'), 'role', 'viewer'))$$, 'PT422', 'invalid'),
  ('adam', $$add_member(jsonb_build_object('workspace_id', id('acme'), 'email', 'otto@example.com', 'role', 'king'))$$, 'PT422', 'invalid'),
  ('adam', $$update_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('otto'), 'role', 'viewer'))$$, 'PT404', 'member_not_found'),
  ('adam', $$update_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('mira'), 'role', 'viewer', 'if_revision', 1))$$, 'PT412', 'stale_revision'),
  ('adam', $$put_policy(jsonb_build_object('workspace_id', id('acme'), 'routing', 7))$$, 'PT422', 'invalid'),
  ('adam', $$put_policy(jsonb_build_object('workspace_id', id('acme'), 'retention_days', 0))$$, 'PT422', 'invalid'),
  ('adam', $$put_policy(jsonb_build_object('workspace_id', id('acme'), 'retention_days', 'soon'))$$, 'PT422', 'invalid'),
  ('adam', $$put_policy(jsonb_build_object('workspace_id', id('acme'), 'on_prem_only', 'yes'))$$, 'PT422', 'invalid'),
  ('olga', $$remove_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('olga')))$$, 'PT409', 'last_owner'),
  ('olga', $$update_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('olga'), 'role', 'admin'))$$, 'PT409', 'last_owner'),
  ('olga', $$add_member(jsonb_build_object('workspace_id', get_me() ->> 'personal_workspace_id', 'email', 'adam@example.com', 'role', 'viewer'))$$, 'PT409', 'personal_workspace'),
  ('olga', $$remove_member(jsonb_build_object('workspace_id', get_me() ->> 'personal_workspace_id', 'user_id', id('olga')))$$, 'PT409', 'personal_workspace');
grant select on refusals to public;
create function pg_temp.refused(who text, what text, code text, stable text) returns text
language plpgsql as $$
begin
  perform spec.act_as(who);
  return tap.throws_ok('select ' || what, code, stable,
    format('%s for %s who calls %s', stable, who, left(what, strpos(what, '(') - 1)));
end
$$;
select pg_temp.refused(who, what, code, stable) from refusals;

-- Those who may
select spec.act_as('adam');
select is(add_member(jsonb_build_object('workspace_id', id('acme'), 'email', 'OTTO@example.com',
  'role', 'viewer')) ->> 'user_id', id('otto')::text, 'an admin adds by address');
select is(update_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('otto'),
  'role', 'admin')) ->> 'role', 'admin', 'and changes roles, up to their own');
select spec.act_as('otto');
select is(get_workspace(jsonb_build_object('id', id('acme'))) ->> 'role', 'admin',
  'who was added is in');
select is(remove_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('otto')))
  ->> 'deleted', 'true', 'and may leave');
select spec.act_as('olga');
select update_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('adam'),
  'role', 'owner'));
select is(remove_member(jsonb_build_object('workspace_id', id('acme'), 'user_id', id('olga')))
  ->> 'deleted', 'true', 'an owner may leave when there is another');

-- The policy
select spec.act_as('adam');
select is(put_policy(jsonb_build_object('workspace_id', id('acme'), 'on_prem_only', true,
    'quotas', '{"tokens": 5}'::jsonb, 'retention_days', 30))
    - array['revision', 'created_at', 'updated_at'],
  jsonb_build_object('workspace_id', id('acme'), 'on_prem_only', true, 'routing', '{}'::jsonb,
    'quotas', '{"tokens": 5}'::jsonb, 'retention_days', 30), 'a policy is replaced whole');
select spec.act_as('mira');
select is(get_policy(jsonb_build_object('workspace_id', id('acme'))) ->> 'on_prem_only', 'true',
  'members read it');
select is(spec.ask('t1', 'chat', 'Hi') #>> '{policy,on_prem_only}', 'true', 'and every turn gets it');
select is(begin_completion(jsonb_build_object('workspace_id', id('acme'))) #>> '{policy,quotas}',
  '{"tokens": 5}', 'every completion as well');

select * from finish();
rollback;
