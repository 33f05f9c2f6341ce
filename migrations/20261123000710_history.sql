-- What a model is told of a conversation: the messages above the question in its tree, and nothing
-- of other branches.

-- Whether a message says anything to a model, and how much of the budget it takes: its content as
-- JSON, and what surrounds that in the answer. Parsed here, and inlined: see hearth.rfc3339.
create function hearth.says(m public.messages) returns boolean
language sql immutable
return m.deleted_at is null and m.status <> 'failed' and m.content <> '""'::jsonb;

create function hearth.weight(m public.messages) returns integer
language sql stable
return case when hearth.says(m) then octet_length(m.content::text) + 128 else 0 end;

-- `entries` are the newest that `budget` bytes hold, oldest first; `cut` says that there was more;
-- `private`, that one of the entries is. Not in it: tombstones, failed answers, and answers that
-- say nothing yet. Security invoker; only begin_turn, which checks the caller, may call it.
create function hearth.history(workspace uuid, start uuid, budget integer,
  out entries jsonb, out cut boolean, out private boolean)
language sql stable
set search_path = '', pg_temp
as $$
  with recursive line as (
    select m.id, m.parent_id, m.position, m.role, m.content, m.sensitivity, m.tokens, m.status,
      hearth.says(m) as said, hearth.weight(m) as bytes
    from public.messages m
    where m.workspace_id = workspace and m.id = start
    union all
    select m.id, m.parent_id, m.position, m.role, m.content, m.sensitivity, m.tokens, m.status,
      hearth.says(m), line.bytes + hearth.weight(m)
    from line
    join public.messages m on m.workspace_id = workspace and m.id = line.parent_id
      and m.position < line.position
    -- The first that no longer fits is read, to know that there is one.
    where line.bytes <= budget
  )
  select
    coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'role', l.role, 'content', l.content,
        'sensitivity', l.sensitivity, 'tokens', l.tokens, 'status', l.status) order by l.position)
      filter (where l.said and l.bytes <= budget), '[]'),
    coalesce(bool_or(l.bytes > budget), false),
    coalesce(bool_or(l.sensitivity = 'private')
      filter (where l.said and l.bytes <= budget), false)
  from line l
$$;

revoke all on function hearth.says(public.messages), hearth.weight(public.messages),
  hearth.history(uuid, uuid, integer) from public;
