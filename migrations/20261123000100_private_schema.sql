-- The schema `hearth`: what the database needs for itself and serves to nobody. PostgREST serves
-- `public` only. Policies, defaults and the functions in `public` call into it, so the request
-- roles may use the schema; each function in it says who may execute it.
--
-- Every function here and in `public` sets `search_path = '', pg_temp`: what it names it names in
-- full, and a type that someone made in their session's temporary schema, which is otherwise looked
-- through first, cannot take the place of one of its own.

create schema hearth;

revoke all on schema hearth from public;
grant usage on schema hearth to anon, authenticated, service_role;

-- A UUIDv7 (RFC 9562): the milliseconds of the clock, then randomness.
create function hearth.uuid_v7() returns uuid
language sql volatile
set search_path = '', pg_temp
as $$
  select encode(
    set_bit(set_bit(
      overlay(
        uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
        from 1 for 6),
      52, 1), 53, 1),
    'hex')::uuid
$$;

-- RFC 3339 in UTC, whatever time zone the session has. With a body that is parsed here and now, so
-- that no search path can change what it means, and that can be inlined into the queries that call
-- it for each row; `set search_path` would forbid that.
create function hearth.rfc3339(moment timestamptz) returns text
language sql stable
return to_char(timezone('UTC', moment), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

revoke all on function hearth.uuid_v7(), hearth.rfc3339(timestamptz) from public;
grant execute on function hearth.uuid_v7(), hearth.rfc3339(timestamptz)
  to anon, authenticated, service_role;
