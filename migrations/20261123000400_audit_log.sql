-- The audit log: who did what, when. Written by triggers, changed by nobody, trimmed by one
-- function that logs itself. It says which fields changed, and never what a message, a title or a
-- prompt says.

create table public.audit_log (
  id uuid primary key default hearth.uuid_v7(),
  at timestamptz not null default now(),
  -- Null: the operator's programs, or the database itself.
  actor uuid,
  -- Null: what belongs to no workspace. No foreign key: the log outlives what it tells of.
  workspace_id uuid,
  action text not null,
  -- The key of the row that it is about.
  subject text,
  changes jsonb not null default '{}'
);

create index audit_log_workspace_idx on public.audit_log (workspace_id, at);
create index audit_log_at_idx on public.audit_log (at);

alter table public.audit_log enable row level security;

create policy admins_read on public.audit_log for select to authenticated
  using (workspace_id = any (array(select hearth.my_workspaces('admin'))));

revoke all on public.audit_log from public, anon, authenticated, service_role;
grant select on public.audit_log to authenticated, service_role;

-- Holds for everyone, the table's owner included; the setting is made by trim_audit_log, whose
-- deletion nobody else has the grant to repeat.
create function hearth.keep_audit_log() returns trigger
language plpgsql
set search_path = '', pg_temp
as $$
begin
  if tg_op = 'DELETE' and current_setting('hearth.trimming_audit_log', true) = 'yes' then
    return old;
  end if;
  raise exception using errcode = '42501', message = 'the audit log is not changed';
end
$$;

create trigger keep before update or delete on public.audit_log
  for each row execute function hearth.keep_audit_log();
create trigger keep_whole before truncate on public.audit_log
  for each statement execute function hearth.keep_audit_log();

-- Logs a change to a row. Arguments: what the row is, its key's column, the columns whose values
-- are logged, and the columns of which only the fact of a change is. Security definer, since nobody
-- may write the log.
create function hearth.audit() returns trigger
language plpgsql security definer
set search_path = '', pg_temp
as $$
declare
  was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) else '{}' end;
  is_now jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) else '{}' end;
  row_now jsonb := case when tg_op = 'DELETE' then was else is_now end;
  buried boolean := tg_op <> 'DELETE' and is_now ->> 'deleted_at' is not null;
  verb text;
  changes jsonb;
begin
  verb := case
    when tg_op = 'INSERT' then 'created'
    when tg_op = 'DELETE' then 'removed'
    when buried and was ->> 'deleted_at' is null then 'deleted'
    when not buried and was ->> 'deleted_at' is not null then 'restored'
    else 'updated'
  end;
  if verb = 'deleted' then
    changes := '{}';
  else
    select coalesce(jsonb_object_agg(c.name, c.change), '{}') into changes
    from (
      select name,
        case when tg_op = 'UPDATE'
          then jsonb_build_object('from', was -> name, 'to', is_now -> name)
          else row_now -> name
        end as change
      from unnest(string_to_array(tg_argv[2], ',')) name
      where was -> name is distinct from is_now -> name
      union all
      select name, to_jsonb('changed'::text)
      from unnest(string_to_array(tg_argv[3], ',')) name
      where tg_op = 'UPDATE' and was -> name is distinct from is_now -> name
    ) c;
    if verb = 'updated' and changes = '{}' then
      return null;
    end if;
  end if;
  insert into public.audit_log (actor, workspace_id, action, subject, changes)
  values (
    auth.uid(),
    case tg_table_name when 'workspaces' then row_now ->> 'id' else row_now ->> 'workspace_id' end
      ::uuid,
    tg_argv[0] || '.' || verb, row_now ->> tg_argv[1], changes);
  return null;
end
$$;

create trigger audit after insert or update or delete on public.profiles
  for each row execute function hearth.audit('profile', 'user_id', '', 'display_name,email');
create trigger audit after insert or update or delete on public.workspaces
  for each row execute function hearth.audit('workspace', 'id', 'name,kind', '');
create trigger audit after insert or update or delete on public.workspace_members
  for each row execute function hearth.audit('member', 'user_id', 'role', '');
create trigger audit after insert or update or delete on public.workspace_policies
  for each row execute function hearth.audit('policy', 'workspace_id',
    'on_prem_only,routing,quotas,retention_days', '');
create trigger audit after insert or update or delete on public.feature_flags
  for each row execute function hearth.audit('feature_flag', 'name', 'enabled,payload', '');

-- A turn touches its conversation without changing what is logged of it: the condition keeps that
-- path clear.
create trigger audit after insert or delete on public.conversations
  for each row execute function hearth.audit('conversation', 'id',
    'model,sensitivity,archived', 'title,system_prompt');
create trigger audit_update after update on public.conversations
  for each row
  when ((old.title, old.system_prompt, old.model, old.sensitivity, old.archived, old.deleted_at)
    is distinct from
    (new.title, new.system_prompt, new.model, new.sensitivity, new.archived, new.deleted_at))
  execute function hearth.audit('conversation', 'id',
    'model,sensitivity,archived', 'title,system_prompt');

-- Of messages only their going: the conversation itself tells of their coming.
create trigger audit_update after update on public.messages
  for each row when (old.deleted_at is null and new.deleted_at is not null)
  execute function hearth.audit('message', 'id', '', '');
create trigger audit after delete on public.messages
  for each row execute function hearth.audit('message', 'id', '', '');

revoke all on function hearth.keep_audit_log(), hearth.audit() from public;
