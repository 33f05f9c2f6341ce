-- Takes entries older than `keep_days` (30 at least, 400 by default) out of the audit log, and
-- writes down that it did. For the operator's schedules, hence service_role alone. Security
-- definer, since nobody else may delete from the log.
create function public.trim_audit_log(p jsonb default '{}') returns jsonb
language plpgsql security definer
set search_path = '', pg_temp
as $$
declare
  keep_days integer := 400;
  trimmed bigint;
begin
  if coalesce(jsonb_typeof(p -> 'keep_days'), 'null') <> 'null' then
    if p ->> 'keep_days' !~ '^[0-9]{1,5}$' or (p ->> 'keep_days')::integer < 30 then
      perform hearth.invalid('keep_days', 'must be a number of days, 30 at least');
    end if;
    keep_days := (p ->> 'keep_days')::integer;
  end if;

  perform set_config('hearth.trimming_audit_log', 'yes', true);
  delete from public.audit_log a where a.at < now() - make_interval(days => keep_days);
  get diagnostics trimmed = row_count;
  perform set_config('hearth.trimming_audit_log', '', true);

  insert into public.audit_log (actor, action, changes)
  values (auth.uid(), 'audit_log.trimmed',
    jsonb_build_object('keep_days', keep_days, 'entries', trimmed));
  return jsonb_build_object('trimmed', trimmed);
end
$$;

revoke all on function public.trim_audit_log(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.trim_audit_log(jsonb) to service_role;
