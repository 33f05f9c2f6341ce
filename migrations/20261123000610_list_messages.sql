-- A conversation's messages, all branches: the newest page first, the oldest first within a page.
-- {conversation_id, workspace_id?, limit?, cursor?}. Security invoker: the policies decide.

create function public.list_messages(p jsonb) returns jsonb
language plpgsql stable
set search_path = '', pg_temp
as $$
declare
  c public.conversations := hearth.find_conversation(p, 'conversation_id');
  size integer := hearth.read_limit(p);
  before bigint := coalesce(hearth.read_revision_cursor(p), 9223372036854775807);
  page jsonb;
  oldest bigint;
  total integer;
begin
  select coalesce(jsonb_agg(hearth.message_json(l.m) order by (l.m).position)
      filter (where l.n <= size), '[]'),
    min((l.m).position) filter (where l.n <= size), count(*)
    into page, oldest, total
    from (
      select m, row_number() over (order by m.position desc) as n
      from public.messages m
      where m.workspace_id = c.workspace_id and m.conversation_id = c.id
        and m.position < before and m.deleted_at is null
      order by m.position desc limit size + 1
    ) l;
  return jsonb_build_object('data', page,
    'next_cursor', case when total > size then hearth.cursor_of(oldest::text) end);
end
$$;

revoke all on function public.list_messages(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.list_messages(jsonb) to authenticated;
