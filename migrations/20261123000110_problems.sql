-- How the functions say no, and how they read the one jsonb argument that they take.
--
-- PostgREST answers an error whose SQLSTATE is `PTxyz` with the status xyz and this body:
-- `message` is the stable code, `details` a sentence for the reader, `hint` optional JSON
-- ({"fields": [{"field", "message"}]}, {"count", "limit"}).

create function hearth.fail(status integer, code text, detail text, hint jsonb default null)
returns void
language plpgsql
set search_path = '', pg_temp
as $$
begin
  if hint is null then
    raise exception using errcode = 'PT' || status, message = code, detail = detail;
  end if;
  raise exception using errcode = 'PT' || status, message = code, detail = detail,
    hint = hint::text;
end
$$;

create function hearth.invalid(field text, problem text) returns void
language plpgsql
set search_path = '', pg_temp
as $$
begin
  perform hearth.fail(422, 'invalid', format('Mend `%s`: %s.', field, problem),
    jsonb_build_object('fields', jsonb_build_array(
      jsonb_build_object('field', field, 'message', problem))));
end
$$;

-- A field that holds a UUID; null where it is missing or null.
create function hearth.read_uuid(p jsonb, field text) returns uuid
language plpgsql immutable
set search_path = '', pg_temp
as $$
begin
  return (p ->> field)::uuid;
exception
  when invalid_text_representation then
    perform hearth.invalid(field, 'must be a UUID');
end
$$;

-- A field that holds a text of at most `longest` characters; null where it is missing or null.
create function hearth.read_text(p jsonb, field text, longest integer) returns text
language plpgsql immutable
set search_path = '', pg_temp
as $$
declare
  value text := p ->> field;
begin
  if value is null then
    return null;
  elsif jsonb_typeof(p -> field) <> 'string' then
    perform hearth.invalid(field, 'must be a text');
  elsif char_length(value) > longest then
    perform hearth.invalid(field, format('must have at most %s characters', longest));
  end if;
  return value;
end
$$;

-- The length of a page: 1 to 200, 50 by default.
create function hearth.read_limit(p jsonb) returns integer
language plpgsql immutable
set search_path = '', pg_temp
as $$
begin
  if p -> 'limit' is null or jsonb_typeof(p -> 'limit') = 'null' then
    return 50;
  elsif jsonb_typeof(p -> 'limit') <> 'number' then
    perform hearth.invalid('limit', 'must be a number');
  end if;
  return least(greatest((p ->> 'limit')::numeric, 1), 200)::integer;
end
$$;

-- The place where a page ends, as clients carry it: opaque to them.
create function hearth.cursor_of(place text) returns text
language sql immutable
set search_path = '', pg_temp
as $$
  select encode(convert_to(place, 'UTF8'), 'hex')
$$;

-- The place behind a cursor, where it has the shape that this list makes; null without a cursor.
create function hearth.read_cursor(p jsonb, shape text) returns text
language plpgsql immutable
set search_path = '', pg_temp
as $$
declare
  cursor text := p ->> 'cursor';
  place text;
begin
  if cursor is null then
    return null;
  elsif cursor ~ '^([2-7][0-9a-f]){1,64}$' then
    place := convert_from(decode(cursor, 'hex'), 'UTF8');
    if place ~ shape then
      return place;
    end if;
  end if;
  perform hearth.invalid('cursor', 'is not one that this list gave');
end
$$;

-- A cursor that is a revision: of a conversation, or of a message when it was made.
create function hearth.read_revision_cursor(p jsonb) returns bigint
language sql immutable
set search_path = '', pg_temp
as $$
  select hearth.read_cursor(p, '^[0-9]{1,18}$')::bigint
$$;

-- Holds a write to the revision that its author saw, where they said which.
create function hearth.check_revision(p jsonb, current bigint) returns void
language plpgsql immutable
set search_path = '', pg_temp
as $$
begin
  if coalesce(jsonb_typeof(p -> 'if_revision'), 'null') = 'null' then
    return;
  elsif p ->> 'if_revision' !~ '^[0-9]{1,18}$' then
    perform hearth.invalid('if_revision', 'must be a revision');
  elsif (p ->> 'if_revision')::bigint <> current then
    perform hearth.fail(412, 'stale_revision',
      format('It is at revision %s now. Read it again, and repeat the change.', current),
      jsonb_build_object('revision', current));
  end if;
end
$$;

revoke all on function
  hearth.fail(integer, text, text, jsonb), hearth.invalid(text, text),
  hearth.read_uuid(jsonb, text), hearth.read_text(jsonb, text, integer), hearth.read_limit(jsonb),
  hearth.cursor_of(text), hearth.read_cursor(jsonb, text), hearth.read_revision_cursor(jsonb),
  hearth.check_revision(jsonb, bigint)
from public;
grant execute on function
  hearth.fail(integer, text, text, jsonb), hearth.invalid(text, text),
  hearth.read_uuid(jsonb, text), hearth.read_text(jsonb, text, integer), hearth.read_limit(jsonb),
  hearth.cursor_of(text), hearth.read_cursor(jsonb, text), hearth.read_revision_cursor(jsonb),
  hearth.check_revision(jsonb, bigint)
to authenticated, service_role;
