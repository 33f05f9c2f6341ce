-- On what terms a workspace's requests are answered: its policy, the features that are on, limits
-- and quotas. `limits` and the standing of quotas have their place here and are empty until
-- something sets them. Security invoker; called by functions that have checked the caller.

create function hearth.terms(workspace uuid) returns jsonb
language sql stable
set search_path = '', pg_temp
as $$
  select jsonb_build_object(
    'policy', (select hearth.policy_json(q) from public.workspace_policies q
               where q.workspace_id = workspace and q.deleted_at is null),
    'flags', hearth.flags_of(workspace),
    'limits', '{}'::jsonb,
    'quotas', '{}'::jsonb)
$$;

revoke all on function hearth.terms(uuid) from public;
